import { type JWTPayload, jwtVerify } from 'jose';
import { PulsarIoError } from '../../core/errors.ts';
import type { TokenKey } from './token-key.ts';

/** How callers prove who they are; the names are those of Pulsar's broker configuration. */
export interface TokenSettings {
  readonly key: TokenKey;
  /** Claim that names the role. Pulsar's default: `sub`. */
  readonly authClaim: string;
  /** Both or none: a claim that must hold this audience. */
  readonly audienceClaim?: string;
  readonly audience?: string;
  /** Role of callers that prove nothing. Absent: they are refused. */
  readonly anonymousUserRole?: string;
  /** For tests. */
  readonly now?: () => Date;
}

/** Headers of a request by lower-case name. */
export type Headers = Readonly<Record<string, string>>;

const BEARER = 'Bearer ';

/**
 * Role of the caller, as Pulsar's `AuthenticationService.authenticateHttpRequest` and `AuthenticationProviderToken` find it. Throws `PIO_UNAUTHORIZED` with their
 * texts.
 */
export const authenticate = async (headers: Headers, settings: TokenSettings): Promise<string> => {
  const method = headers['x-pulsar-auth-method-name'];
  if (method !== undefined && method !== 'token')
    return refuse(`Unsupported authentication method: [${clip(method)}].`);
  if (method === undefined && headers.authorization === undefined) {
    return settings.anonymousUserRole ?? refuse('Authentication required');
  }
  return roleOf(await verify(readToken(headers), settings), settings);
};

const readToken = ({ authorization = '' }: Headers): string => {
  if (!authorization.startsWith(BEARER)) return refuse('Invalid HTTP Authorization header');
  const token = authorization.slice(BEARER.length).trim();
  return token === '' ? refuse('Blank token found') : token;
};

const verify = async (token: string, { key, now }: TokenSettings): Promise<JWTPayload> => {
  try {
    const options = { algorithms: [...key.algorithms], ...(now && { currentDate: now() }) };
    return (await jwtVerify(token, key.key, options)).payload;
  } catch (cause) {
    return refuse(`Failed to authentication token: ${cause instanceof Error ? cause.message : 'it is not valid'}`);
  }
};

const roleOf = (claims: JWTPayload, { authClaim, audienceClaim, audience }: TokenSettings): string => {
  if (audienceClaim && !listed(claims[audienceClaim]).includes(audience)) {
    return refuse(`Failed to authentication token: claim ${audienceClaim} does not hold the audience of this API`);
  }
  const [role] = listed(claims[authClaim]);
  if (typeof role === 'string' && role !== '') return role;
  return refuse(`Failed to authentication token: claim ${authClaim} names no role`);
};

const listed = (claim: unknown): unknown[] => (Array.isArray(claim) ? claim : [claim]);

const clip = (text: string): string => text.slice(0, 100);

const refuse = (message: string): never => {
  throw new PulsarIoError('PIO_UNAUTHORIZED', message);
};
