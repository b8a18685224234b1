import { PulsarIoError } from '../src/core/errors.ts';
import { DEFAULT_RUN_SETTINGS, type RunSettings } from '../src/runtime/run-settings.ts';

/** What the functions read from their environment; `serverless.yml` sets it. */
export interface Environment {
  /** `pulsar://host:6650` or `pulsar+ssl://host:6651`. */
  readonly pulsarServiceUrl: string;
  /** `native`: runs use the optional package `pulsar-client`, and hold ATLEAST_ONCE only. */
  readonly pulsarClient: 'plain' | 'native';
  /** `http://host:8080`; absent: backlog, tenants and deduplication are not looked at. */
  readonly pulsarAdminUrl: string | undefined;
  /** The token itself, or a reference: `ssm:/path`, `secretsmanager:name#field`, `env:NAME`. */
  readonly pulsarToken: string | undefined;
  /** Path below which connectors' secrets lie, e.g. `/pulsar-io/dev`. */
  readonly secretsPath: string;
  /** `dynamodb:Table` or `sqlite:/path`. */
  readonly storeUrl: string;
  /** Runner functions are `<prefix>source` and `<prefix>sink`. */
  readonly functionPrefix: string;
  readonly runSettings: RunSettings;
}

/** Reads and checks the environment; throws `PIO_CONFIG_INVALID` naming the variable that is missing or wrong. */
export const readEnvironment = (env: NodeJS.ProcessEnv = process.env): Environment => ({
  pulsarServiceUrl: required(env, 'PULSAR_SERVICE_URL', 'pulsar://broker.example.com:6650'),
  pulsarClient: clientKind(env.PULSAR_CLIENT || 'plain'),
  pulsarAdminUrl: env.PULSAR_ADMIN_URL || undefined,
  pulsarToken: env.PULSAR_TOKEN || undefined,
  secretsPath: (env.SECRETS_PATH || '/pulsar-io').replace(/\/$/, ''),
  storeUrl: required(env, 'STORE_URL', 'dynamodb:pulsar-io'),
  functionPrefix: env.RUNNER_FUNCTION_PREFIX || 'pulsar-io-serverless-dev-',
  runSettings: { ...DEFAULT_RUN_SETTINGS, ...overrides(env.RUN_SETTINGS) },
});

const clientKind = (value: string): Environment['pulsarClient'] => {
  if (value === 'plain' || value === 'native') return value;
  throw new PulsarIoError(
    'PIO_CONFIG_INVALID',
    `environment variable PULSAR_CLIENT must be plain or native, not ${value}`,
  );
};

const required = (env: NodeJS.ProcessEnv, name: string, example: string): string => {
  const value = env[name];
  if (value) return value;
  throw new PulsarIoError('PIO_CONFIG_INVALID', `environment variable ${name} is not set; it looks like ${example}`);
};

/** `RUN_SETTINGS`: a JSON object of single run settings, e.g. `{"idleMs": 2000}`. */
const overrides = (text: string | undefined): Partial<RunSettings> => {
  if (!text) return {};
  const settings: unknown = JSON.parse(text);
  const known = Object.keys(DEFAULT_RUN_SETTINGS);
  const unknown = Object.keys(settings as object).filter((key) => !known.includes(key));
  if (unknown.length === 0) return settings as Partial<RunSettings>;
  throw new PulsarIoError(
    'PIO_CONFIG_INVALID',
    `RUN_SETTINGS has unknown keys ${unknown.join(', ')}; known are ${known.join(', ')}`,
  );
};
