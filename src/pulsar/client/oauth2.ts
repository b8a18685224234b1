import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PulsarError } from '../errors.ts';
import type { Authentication, CredentialsRequest } from '../network/authentication.ts';
import { type HttpAnswer, type HttpRequest, httpRequest } from '../network/http-request.ts';

/** What `AuthenticationOauth2` is made with. */
export interface Oauth2Parameters {
  /** Only `client_credentials`, the default. */
  readonly type?: string;
  /** Its `/.well-known/openid-configuration` names the token endpoint. */
  readonly issuer_url: string;
  readonly client_id?: string;
  readonly client_secret?: string;
  /** JSON with client_id and client_secret, instead of the two: a path, a `file:` URL, or `data:application/json;base64,…`. */
  readonly private_key?: string;
  readonly audience?: string;
  readonly scope?: string;
}

interface ClientCredentials {
  readonly client_id: string;
  readonly client_secret: string;
}

interface Token {
  readonly value: Buffer;
  readonly usableUntilMs: number;
}

const REQUEST_TIMEOUT_MS = 30_000;
/** A token is renewed when this share of its life is over, before a broker has to ask. */
const USABLE_SHARE = 0.9;
const DATA_URL = /^data:application\/json;base64,(.*)$/s;

function refused(message: string, cause?: unknown): PulsarError {
  return new PulsarError('AuthenticationError', `OAuth2: ${message}`, { cause });
}

async function readKey(key: string): Promise<string> {
  const data = DATA_URL.exec(key)?.[1];
  if (data !== undefined) return Buffer.from(data, 'base64').toString();
  if (key.startsWith('data:')) throw refused('a data: private_key must be data:application/json;base64,…');
  try {
    return await readFile(key.startsWith('file://') ? fileURLToPath(key) : key.replace(/^file:/, ''), 'utf8');
  } catch (cause) {
    throw refused('the file of private_key cannot be read', cause);
  }
}

async function readCredentials({
  private_key,
  client_id,
  client_secret,
}: Oauth2Parameters): Promise<ClientCredentials> {
  if (private_key === undefined) return { client_id: client_id as string, client_secret: client_secret as string };
  const text = await readKey(private_key);
  let found: Partial<ClientCredentials>;
  try {
    found = JSON.parse(text);
  } catch {
    throw refused('private_key is not JSON'); // the cause would quote the secret
  }
  if (typeof found?.client_id !== 'string' || typeof found.client_secret !== 'string') {
    throw refused('private_key lacks client_id or client_secret');
  }
  return { client_id: found.client_id, client_secret: found.client_secret };
}

async function askJson(request: HttpRequest, what: string): Promise<Record<string, unknown>> {
  let answer: HttpAnswer;
  try {
    answer = await httpRequest(request);
  } catch (cause) {
    throw refused(`${what} gave no answer`, cause);
  }
  if (answer.status !== 200) throw refused(`${what} answered ${answer.status}`);
  try {
    return JSON.parse(answer.body) ?? {};
  } catch {
    throw refused(`${what} did not answer JSON`);
  }
}

function checkParameters(given: unknown): Oauth2Parameters {
  const invalid = (message: string) => new PulsarError('InvalidConfiguration', message);
  let parameters = given;
  try {
    if (typeof given === 'string') parameters = JSON.parse(given);
  } catch {
    parameters = undefined;
  }
  if (typeof parameters !== 'object' || parameters === null) {
    throw invalid('Authentication parameter must be a JSON string for oauth2');
  }
  const { type, issuer_url, private_key, client_id, client_secret } = parameters as Partial<Oauth2Parameters>;
  if (type !== undefined && type !== 'client_credentials')
    throw invalid(`oauth2 type must be client_credentials, not ${type}`);
  if (typeof issuer_url !== 'string' || !URL.canParse(issuer_url)) throw invalid('oauth2 issuer_url must be a URL');
  const hasPair = typeof client_id === 'string' && typeof client_secret === 'string';
  if (typeof private_key === 'string' || hasPair) return parameters as Oauth2Parameters;
  throw invalid('oauth2 needs private_key, or client_id and client_secret');
}

/** OAuth2 client credentials: a token of an identity provider, asked for when first needed, and again before it expires. */
export class AuthenticationOauth2 implements Authentication {
  readonly methodName = 'token';
  private readonly parameters: Oauth2Parameters;
  private token: Token | undefined;
  private asking: Promise<Token> | undefined;

  /** Takes an object or its JSON. Throws `PulsarError` InvalidConfiguration when something is missing or wrong; reads and asks nothing yet. */
  constructor(parameters: Oauth2Parameters | string) {
    this.parameters = checkParameters(parameters);
  }

  /** The token; rejects with AuthenticationError when it cannot be had. */
  async credentials({ isRenewal, tls }: CredentialsRequest = { isRenewal: false, tls: {} }): Promise<Buffer> {
    const isUsable = this.token !== undefined && performance.now() < this.token.usableUntilMs;
    if (this.token !== undefined && isUsable && !isRenewal) return this.token.value;
    this.asking ??= this.ask(tls).finally(() => {
      this.asking = undefined;
    });
    this.token = await this.asking;
    return this.token.value;
  }

  private async ask(tls: CredentialsRequest['tls']): Promise<Token> {
    const { issuer_url, audience, scope } = this.parameters;
    const credentials = await readCredentials(this.parameters);
    const limits = { tls, timeoutMs: REQUEST_TIMEOUT_MS };
    const wellKnown = new URL(`${issuer_url.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const { token_endpoint } = await askJson({ url: wellKnown, ...limits }, wellKnown.href);
    if (typeof token_endpoint !== 'string' || !URL.canParse(token_endpoint)) {
      throw refused(`${wellKnown.href} names no token_endpoint`);
    }
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...credentials });
    if (audience) form.set('audience', audience);
    if (scope) form.set('scope', scope);
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
    const url = new URL(token_endpoint);
    const answer = await askJson({ url, method: 'POST', headers, body: form.toString(), ...limits }, token_endpoint);
    return readToken(answer, token_endpoint);
  }
}

function readToken({ access_token, expires_in }: Record<string, unknown>, endpoint: string): Token {
  if (typeof access_token !== 'string' || access_token === '') throw refused(`${endpoint} gave no access_token`);
  const seconds = expires_in === undefined ? Number.POSITIVE_INFINITY : Number(expires_in);
  if (!(seconds > 0)) throw refused(`${endpoint} gave a token that is expired`);
  return { value: Buffer.from(access_token), usableUntilMs: performance.now() + seconds * 1000 * USABLE_SHARE };
}
