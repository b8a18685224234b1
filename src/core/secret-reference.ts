/** Where a secret is kept: an environment variable of the function, SSM Parameter Store, or Secrets Manager (`key`: a field of a JSON secret). */
export interface SecretReference {
  readonly source: 'env' | 'ssm' | 'secretsManager';
  readonly name: string;
  readonly key?: string;
}

/** Value of what a reference names. Throws `PIO_SECRET_UNAVAILABLE`. */
export type ResolveSecret = (reference: SecretReference, signal?: AbortSignal) => Promise<string>;

const SOURCES = ['env', 'ssm', 'secretsManager'] as const;

/**
 * A reference as it stands in a connector's `secrets`: `{"env": "NAME"}`, `{"ssm": "/path"}`, `{"secretsManager": "name", "key": "password"}`;
 * undefined when the value is none of them.
 */
export const readSecretReference = (value: unknown): SecretReference | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  const source = SOURCES.find((each) => Object.hasOwn(value, each));
  const name: unknown = source && Reflect.get(value, source);
  const key: unknown = Reflect.get(value, 'key');
  const extra = Object.keys(value).filter((each) => each !== source && each !== 'key');
  if (!source || typeof name !== 'string' || name === '' || extra.length > 0) return undefined;
  if (key === undefined) return { source, name };
  return typeof key === 'string' && source === 'secretsManager' ? { source, name, key } : undefined;
};

/** A reference as it stands in an environment variable: `env:NAME`, `ssm:/path`, `secretsmanager:name#key`; undefined for any other text. */
export const readSecretUrl = (text: string): SecretReference | undefined => {
  const [, scheme, rest = ''] = /^(env|ssm|secretsmanager):(.+)$/s.exec(text) ?? [];
  if (scheme === 'env' || scheme === 'ssm') return { source: scheme, name: rest };
  if (scheme !== 'secretsmanager') return undefined;
  const [name = '', key] = rest.split('#', 2);
  return { source: 'secretsManager', name, ...(key && { key }) };
};

/** How a reference reads in a message: says where, never what. */
export const secretLabel = ({ source, name, key }: SecretReference): string =>
  `${source} ${name}${key === undefined ? '' : ` (field ${key})`}`;
