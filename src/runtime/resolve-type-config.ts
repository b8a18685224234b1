import type { Connector } from '../core/connector.ts';
import type { ConnectorType } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import { mapSecrets } from '../core/map-secrets.ts';
import type { SecretValues } from '../core/secret-values.ts';
import { resolveConfig, secretKeys } from '../core/type-config.ts';
import { secretOf } from './connector-secrets.ts';
import type { RunDeps } from './run-deps.ts';

/**
 * The connector's `configs` as its type takes them: coerced, defaults filled in, and each sensitive key that `secrets` names taken from there, as Pulsar's
 * `IOConfigUtils.loadWithSecrets` does. `secrets` learns all sensitive values. Throws `PIO_CONFIG_INVALID` naming every problem, `PIO_SECRET_UNAVAILABLE`.
 */
export const resolveTypeConfig = async (
  type: ConnectorType,
  connector: Connector,
  { resolveSecret }: Pick<RunDeps, 'resolveSecret'>,
  secrets: SecretValues,
  signal: AbortSignal,
): Promise<never> => {
  const { configs } = connector.config;
  const keys = secretKeys(type.config);
  const named: Record<string, string> = {};
  for (const key of keys) {
    const value = await secretOf(connector, key, resolveSecret, signal);
    if (value !== undefined) named[key] = value;
  }
  const { config, problems } = resolveConfig(type.config, { ...configs, ...named });
  mapSecrets(type.config, config, (value) => {
    secrets.add(value);
    return value;
  });
  if (problems.length === 0) return config as never;
  const list = problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new PulsarIoError('PIO_CONFIG_INVALID', `configuration of ${type.name} is not valid: ${list}`);
};
