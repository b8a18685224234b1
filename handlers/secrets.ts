import type { Connector } from '../src/core/connector.ts';

/**
 * Value of a secret that a connector names: as Pulsar's default provider (`ClearTextSecretsProvider`) has it, the object's own text; as its
 * `EnvironmentBasedSecretsProvider` has it, `{"env": "NAME"}` names an environment variable of the runner function.
 */
export const secretValue = async ({ config }: Connector, name: string): Promise<string | undefined> => {
  const secret = config.secrets?.[name];
  if (secret === undefined || secret === null) return undefined;
  if (typeof secret === 'object' && 'env' in secret && typeof secret.env === 'string') return process.env[secret.env];
  return typeof secret === 'string' ? secret : JSON.stringify(secret);
};
