import type { Connector } from '../core/connector.ts';
import { type ResolveSecret, readSecretReference } from '../core/secret-reference.ts';

/**
 * Value of a secret that a connector names, undefined when it names none such: the text itself or that of an object (as with
 * Pulsar's `ClearTextSecretsProvider`), or what a reference leads to. Throws `PIO_SECRET_UNAVAILABLE`.
 */
export const secretOf = async (
  { config }: Connector,
  name: string,
  resolveSecret: ResolveSecret,
  signal?: AbortSignal,
): Promise<string | undefined> => {
  const secret = config.secrets && Object.hasOwn(config.secrets, name) ? config.secrets[name] : undefined;
  if (secret === undefined || secret === null || typeof secret === 'string') return secret ?? undefined;
  const reference = readSecretReference(secret);
  return reference ? resolveSecret(reference, signal) : JSON.stringify(secret);
};
