import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StartError } from './start-error.ts';

/** A Pulsar cluster of the user's, instead of the embedded broker. */
export interface Cluster {
  readonly serviceUrl: string;
  /** Absent: backlog, tenants and deduplication are not looked at, and `/admin/v2` is not served. */
  readonly adminUrl?: string;
}

/** What `npm start` was asked to do. */
export interface StartOptions {
  /** Port of the admin REST; 0 = any. */
  readonly port: number;
  /** Port of the embedded broker; 0 = any. */
  readonly brokerPort: number;
  /** Absolute path. */
  readonly dataDir: string;
  readonly hasSamples: boolean;
  /** Absent: the embedded broker. */
  readonly cluster?: Cluster;
  /** Address of another store than the file in the data folder, e.g. `dynamodb:Table`. */
  readonly storeUrl?: string;
}

/** Text of `--help`. */
export const HELP = `Usage: npm start -- [options]

Runs Pulsar IO Serverless on this machine: the functions of serverless.yml, an embedded
Pulsar broker, and two sample connectors that move real data.

  --port N          port of the admin API and webhooks (default 8080)
  --broker-port N   port of the embedded broker (default 6650)
  --data DIR        folder that keeps the state (default .data)
  --no-samples      without the sample connectors
  --help            this text

Environment:
  PULSAR_SERVICE_URL   pulsar://host:6650 of a cluster to use instead of the embedded broker
  PULSAR_ADMIN_URL     http://host:8080 of that cluster's admin API
  PULSAR_TOKEN         token for that cluster
  AUTHENTICATION       token: the admin API asks for tokens, as a deployment does (default: none);
                       with TOKEN_SECRET_KEY or TOKEN_PUBLIC_KEY, SUPER_USER_ROLES, PROXY_ROLES; without samples
  AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL_DYNAMODB_STREAMS
                       http://host:port of local servers; sources with trigger: event need them
  STORE_URL            dynamodb:TableName, to keep the state there instead of in the data folder
`;

const OPTIONS = {
  port: { type: 'string', default: '8080' },
  'broker-port': { type: 'string', default: '6650' },
  data: { type: 'string', default: '.data' },
  'no-samples': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Reads the command line and the environment; `'help'` when that was asked for. Throws `StartError` with exit code 2. */
export const readOptions = (argv: readonly string[], env: NodeJS.ProcessEnv): StartOptions | 'help' => {
  const values = parse(argv);
  if (values.help) return 'help';
  if (values.data === '') throw usage('--data needs the name of a folder');
  const cluster = readCluster(env);
  return {
    port: readPort('--port', values.port),
    brokerPort: readPort('--broker-port', values['broker-port']),
    dataDir: resolve(values.data),
    hasSamples: !values['no-samples'] && env.AUTHENTICATION !== 'token',
    ...(cluster && { cluster }),
    ...(env.STORE_URL && { storeUrl: env.STORE_URL }),
  };
};

const parse = (argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, strict: true }).values;
  } catch (cause) {
    const [firstSentence = ''] = (cause as Error).message.split('. ');
    throw usage(firstSentence, cause);
  }
};

const readPort = (option: string, text: string): number => {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw usage(`${option} needs a number from 0 to 65535, not "${text}"`);
};

const readCluster = (env: NodeJS.ProcessEnv): Cluster | undefined => {
  const { PULSAR_SERVICE_URL: serviceUrl, PULSAR_ADMIN_URL: adminUrl } = env;
  if (adminUrl && !/^https?:\/\/[^/]/.test(adminUrl))
    throw usage(`PULSAR_ADMIN_URL is "${adminUrl}"; it must look like http://host:8080`);
  if (serviceUrl && !/^pulsar(\+ssl)?:\/\/[^/]/.test(serviceUrl))
    throw usage(`PULSAR_SERVICE_URL is "${serviceUrl}"; it must look like pulsar://host:6650`);
  if (!serviceUrl && adminUrl) throw usage('PULSAR_ADMIN_URL is set without PULSAR_SERVICE_URL; set both, or neither');
  return serviceUrl ? { serviceUrl, ...(adminUrl && { adminUrl }) } : undefined;
};

const usage = (problem: string, cause?: unknown): StartError =>
  new StartError(`${problem}\nnpm start -- --help shows the options`, { exitCode: 2, cause });
