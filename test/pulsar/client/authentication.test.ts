import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import {
  AuthenticationAthenz,
  AuthenticationBasic,
  AuthenticationOauth2,
  AuthenticationTls,
  AuthenticationToken,
  type Oauth2Parameters,
} from '../../../src/pulsar/index.ts';
import { startHttpServer, type TestAnswer, type TestHttpServer } from '../kit/http-server.ts';

let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

/** An identity provider; `token` answers the token endpoint. */
async function provider(token: (body: string) => TestAnswer | undefined): Promise<TestHttpServer> {
  const server = await startHttpServer(({ url, body }) => {
    if (url === '/idp/.well-known/openid-configuration') return { body: { token_endpoint: `${server.url}/token` } };
    return url === '/token' ? token(body) : { status: 404 };
  });
  cleanups.push(() => server.stop());
  return server;
}

const client = { client_id: 'me', client_secret: 's&cret' };
const again = { isRenewal: true, tls: {} };

test('wrong parameters are told by what npm pulsar-client says', () => {
  const object = 'Authentication parameter must be a object';
  const missing = 'Missing required parameter';
  for (const Class of [AuthenticationToken, AuthenticationTls, AuthenticationBasic]) {
    for (const wrong of [undefined, null, 'token']) expect(() => new Class(wrong as never)).toThrow(object);
    for (const wrong of [{}, { token: 7, username: 'a', certificatePath: 'b' }]) {
      expect(() => new Class(wrong as never)).toThrow(missing);
    }
  }
  for (const wrong of [undefined, 'no json', '7', 7]) {
    expect(() => new AuthenticationOauth2(wrong as never)).toThrow('must be a JSON string for oauth2');
  }
  const issuer_url = 'https://idp.example.com';
  for (const [wrong, message] of [
    [{ type: 'password', issuer_url, ...client }, 'type must be client_credentials'],
    [{ ...client }, 'issuer_url must be a URL'],
    [{ issuer_url, client_id: 'me' }, 'needs private_key, or client_id and client_secret'],
  ] as const) {
    expect(() => new AuthenticationOauth2(wrong as never)).toThrow(message);
  }
  expect(() => new AuthenticationAthenz('{}')).toThrow(
    expect.objectContaining({ code: 'OperationNotSupported', message: expect.stringContaining('athenz') }),
  );
});

test('a token comes from a text, a function or a promise, and must be text', async () => {
  for (const token of ['t', () => 't', async () => 't']) {
    expect((await new AuthenticationToken({ token }).credentials()).toString()).toBe('t');
  }
  const wrong = new AuthenticationToken({ token: (() => undefined) as never });
  await expect(wrong.credentials()).rejects.toMatchObject({ code: 'ErrorGettingAuthenticationData' });
});

test('OAuth2 asks the issuer for the endpoint and the endpoint for a token, which it keeps until it is challenged', async () => {
  let tokens = 0;
  const server = await provider(() => ({ body: { access_token: `token-${++tokens}`, expires_in: 3600 } }));
  const parameters: Oauth2Parameters = { issuer_url: `${server.url}/idp/`, ...client, audience: 'urn:a', scope: 'x y' };
  const authentication = new AuthenticationOauth2(JSON.stringify(parameters));
  const both = await Promise.all([authentication.credentials(), authentication.credentials()]);
  expect([...both, await authentication.credentials()].map(String)).toEqual(['token-1', 'token-1', 'token-1']);
  expect(String(await authentication.credentials(again))).toBe('token-2');
  const [, asked] = server.seen;
  expect(asked).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
    grant_type: 'client_credentials',
    ...client,
    audience: 'urn:a',
    scope: 'x y',
  });
});

test('OAuth2 asks for another token when most of the life of the last is over', async () => {
  let tokens = 0;
  const server = await provider(() => ({ body: { access_token: `token-${++tokens}`, expires_in: 1e-9 } }));
  const authentication = new AuthenticationOauth2({ issuer_url: `${server.url}/idp`, ...client });
  expect(String(await authentication.credentials())).toBe('token-1');
  expect(String(await authentication.credentials())).toBe('token-2');
});

test('OAuth2 reads its secret from a path, a file: URL or a data: URL', async () => {
  const server = await provider((body) => ({ body: { access_token: new URLSearchParams(body).get('client_secret') } }));
  const folder = mkdtempSync(join(tmpdir(), 'pio-oauth2-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'key.json');
  writeFileSync(path, JSON.stringify(client));
  const data = `data:application/json;base64,${Buffer.from(JSON.stringify(client)).toString('base64')}`;
  for (const private_key of [path, `file:${path}`, pathToFileURL(path).href, data]) {
    const authentication = new AuthenticationOauth2({ issuer_url: `${server.url}/idp`, private_key });
    expect(String(await authentication.credentials())).toBe('s&cret');
  }
});

test('OAuth2 tells what went wrong, and never the secret', async () => {
  const answers: (TestAnswer | undefined)[] = [];
  const server = await provider(() => answers.shift());
  const issuer_url = `${server.url}/idp`;
  const failing = async (parameters: Partial<Oauth2Parameters>, message: string) => {
    const authentication = new AuthenticationOauth2({ issuer_url, ...client, ...parameters });
    const error = (await authentication.credentials().catch((thrown) => thrown)) as Error;
    expect(error).toMatchObject({ code: 'AuthenticationError', message: expect.stringContaining(message) });
    expect(JSON.stringify([error.message, String(error.cause)])).not.toMatch(/s(&|%26)cret/);
  };
  await failing({ issuer_url: `${server.url}/other` }, 'answered 404');
  await failing({ issuer_url: 'http://127.0.0.1:1' }, 'gave no answer');
  answers.push({ status: 401, body: { error: 'invalid_client' } });
  await failing({}, '/token answered 401');
  answers.push({ body: 'not json' });
  await failing({}, 'did not answer JSON');
  answers.push({ body: {} });
  await failing({}, 'gave no access_token');
  answers.push({ body: { access_token: 'x', expires_in: 0 } });
  await failing({}, 'expired');
  await failing({ private_key: '/nowhere/key.json' }, 'cannot be read');
  await failing({ private_key: 'data:text/plain,x' }, 'data:application/json;base64');
  const base64 = (text: string) => `data:application/json;base64,${Buffer.from(text).toString('base64')}`;
  await failing({ private_key: base64('s&cret') }, 'is not JSON');
  await failing({ private_key: base64('{"client_id":"me"}') }, 'lacks client_id or client_secret');
});
