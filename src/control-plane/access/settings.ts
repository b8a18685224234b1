import { PulsarIoError } from '../../core/errors.ts';
import { type ResolveSecret, readSecretUrl } from '../../core/secret-reference.ts';
import type { TokenSettings } from './authenticate.ts';
import type { RoleSettings } from './authorize.ts';
import { readKeyBytes, readPublicKey, readSecretKey, type TokenKey } from './token-key.ts';

/** Authentication and authorization, when they are on. */
export interface AccessSettings {
  readonly tokens: TokenSettings;
  readonly roles: RoleSettings;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads who may call the admin API from the environment. `AUTHENTICATION` is `token` (also when it is not set) or `none`, which gives undefined: everybody may. Each other variable
 * is the setting of Pulsar's broker of that name (`TOKEN_SECRET_KEY` is `tokenSecretKey`); a key may also be a reference (`ssm:/path`, `secretsmanager:name`, `env:NAME`).
 * Throws `PIO_CONFIG_INVALID`, `PIO_SECRET_UNAVAILABLE`.
 */
export const readAccessSettings = async (
  env: Variables,
  resolveSecret: ResolveSecret,
): Promise<AccessSettings | undefined> => {
  const authentication = env.AUTHENTICATION || 'token';
  if (authentication === 'none') return undefined;
  if (authentication !== 'token') {
    throw new PulsarIoError('PIO_CONFIG_INVALID', `AUTHENTICATION is ${authentication}; it can be token or none`);
  }
  return {
    tokens: {
      key: await readTokenKey(env, resolveSecret),
      authClaim: env.TOKEN_AUTH_CLAIM || 'sub',
      ...readAudience(env),
      ...(env.ANONYMOUS_USER_ROLE && { anonymousUserRole: env.ANONYMOUS_USER_ROLE }),
    },
    roles: { superUserRoles: listOf(env.SUPER_USER_ROLES), proxyRoles: listOf(env.PROXY_ROLES) },
  };
};

const readTokenKey = async (env: Variables, resolveSecret: ResolveSecret): Promise<TokenKey> => {
  const read = async (variable: string, setting: string): Promise<Buffer> => {
    const reference = readSecretUrl(setting);
    return readKeyBytes(variable, reference ? await resolveSecret(reference) : setting);
  };
  // Pulsar prefers the secret key, too, when both are set.
  if (env.TOKEN_SECRET_KEY) return readSecretKey(await read('TOKEN_SECRET_KEY', env.TOKEN_SECRET_KEY));
  if (env.TOKEN_PUBLIC_KEY) return readPublicKey(await read('TOKEN_PUBLIC_KEY', env.TOKEN_PUBLIC_KEY));
  throw new PulsarIoError(
    'PIO_CONFIG_INVALID',
    'The admin API needs a key to check tokens with: set TOKEN_SECRET_KEY or TOKEN_PUBLIC_KEY to the key of your Pulsar cluster (tokenSecretKey or tokenPublicKey of its broker.conf), or make one with: pulsar tokens create-secret-key --base64. AUTHENTICATION=none lets everybody in',
  );
};

const readAudience = ({ TOKEN_AUDIENCE_CLAIM: audienceClaim, TOKEN_AUDIENCE: audience }: Variables) => {
  if (!audienceClaim && !audience) return {};
  if (audienceClaim && audience) return { audienceClaim, audience };
  throw new PulsarIoError('PIO_CONFIG_INVALID', 'TOKEN_AUDIENCE_CLAIM and TOKEN_AUDIENCE must be set together');
};

const listOf = (text = ''): string[] =>
  text
    .split(',')
    .map((role) => role.trim())
    .filter((role) => role !== '');
