import type { SecretReference } from '../core/secret-reference.ts';

const TIMEOUT_MS = 3_000;
const CLIENT = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: TIMEOUT_MS, throwOnRequestTimeout: true },
};

/**
 * Reads a parameter (decrypted) or a secret. Undefined when it exists without text. Rejects with the AWS error. The clients are loaded when they are first needed, through
 * modules of ours: a bundler can leave out of a package what they do not name, and nothing of one that is itself loaded by `import()`.
 */
export const readAwsSecret = async (
  { source, name, key }: SecretReference,
  signal: AbortSignal,
): Promise<string | undefined> => {
  if (source === 'ssm') return (await import('./ssm.ts')).readParameter(name, CLIENT, signal);
  const text = await (await import('./secrets-manager.ts')).readSecret(name, CLIENT, signal);
  return key === undefined || text === undefined ? text : fieldOf(text, key);
};

const fieldOf = (text: string, key: string): string | undefined => {
  const secret: unknown = JSON.parse(text);
  const value: unknown =
    typeof secret === 'object' && secret !== null && Object.hasOwn(secret, key) ? Reflect.get(secret, key) : undefined;
  return typeof value === 'string' ? value : undefined;
};
