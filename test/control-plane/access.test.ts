import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { readAccessSettings } from '../../src/control-plane/access/settings.ts';
import { kindWordsOf } from '../../src/control-plane/kind-words.ts';
import { routesOf } from '../../src/control-plane/routes.ts';
import { SINK, SOURCE, startControlPlane, type TestControlPlane } from './harness.ts';

const KEY = randomBytes(32);
const ENVIRONMENT = {
  TOKEN_SECRET_KEY: KEY.toString('base64'),
  SUPER_USER_ROLES: 'admin, proxy',
  PROXY_ROLES: 'proxy',
};

const tokenOf = (
  role: unknown,
  claims: Record<string, unknown> = {},
  key: Parameters<SignJWT['sign']>[0] = KEY,
  alg = 'HS256',
) => new SignJWT({ sub: role as string, ...claims }).setProtectedHeader({ alg }).sign(key);

const noSecrets = async (): Promise<string> => '';

const start = async (environment: Record<string, string> = {}) => {
  const access = await readAccessSettings({ ...ENVIRONMENT, ...environment }, noSecrets);
  const api = await startControlPlane({ secretsPath: '/pulsar-io/dev', ...(access && { access }) });
  api.pulsar.admins.set('public', ['tenant-admin']);
  api.pulsar.granted.set('public/default', {
    'sink-maker': ['sinks', 'consume'],
    'source-maker': ['sources', 'produce'],
    reader: ['produce', 'consume', 'functions'],
  });
  return api;
};

let api: TestControlPlane;
beforeEach(async () => {
  api = await start();
});
afterEach(() => api.close());

const as = async (role: string, original?: string): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await tokenOf(role)}`,
  'x-pulsar-auth-method-name': 'token',
  ...(original && { 'x-original-principal': original }),
});

const call = (path: string, headers: Record<string, string>, method = 'GET') =>
  api.send({ method, path: `/admin/v3/${path}`, headers });

const createAs = async (role: string, kind: 'source' | 'sink', config: unknown, name = 'c1') =>
  api.send({
    method: 'POST',
    path: `/admin/v3/${kind}s/public/default/${name}`,
    headers: await as(role),
    parts: [{ name: `${kind}Config`, contentType: 'application/json', body: JSON.stringify(config) }],
  });

describe('authentication', () => {
  const LIST = 'sinks/public/default';

  test.each<[string, Record<string, string>, string]>([
    ['nothing', {}, 'Authentication required'],
    ['another method', { 'x-pulsar-auth-method-name': 'basic' }, 'Unsupported authentication method: [basic].'],
    ['no bearer', { authorization: 'Basic dTpw' }, 'Invalid HTTP Authorization header'],
    ['a method without a token', { 'x-pulsar-auth-method-name': 'token' }, 'Invalid HTTP Authorization header'],
    ['a blank token', { authorization: 'Bearer  ' }, 'Blank token found'],
    ['no token at all', { authorization: 'Bearer abc' }, 'Failed to authentication token: '],
  ])('refuses %s', async (_, headers, reason) => {
    const answer = await call(LIST, headers);
    expect(answer).toMatchObject({ status: 401, reason: expect.stringContaining(reason) });
  });

  test.each<[string, () => Promise<string>]>([
    ['another key', () => tokenOf('admin', {}, randomBytes(32))],
    ['an expired one', () => tokenOf('admin', { exp: Math.floor(Date.now() / 1000) - 10 })],
    ['one for later', () => tokenOf('admin', { nbf: Math.floor(Date.now() / 1000) + 1000 })],
    ['no role', () => tokenOf('')],
    ['a role that is no text', () => tokenOf({ admin: true })],
    ['no signature', async () => `${btoa('{"alg":"none"}')}.${btoa('{"sub":"admin"}')}.`.replaceAll('=', '')],
    [
      'a changed body',
      async () => (await tokenOf('x')).replace(/\.[^.]+\./, `.${btoa('{"sub":"admin"}').replaceAll('=', '')}.`),
    ],
  ])('refuses a token with %s', async (_, token) => {
    const answer = await call(LIST, { authorization: `Bearer ${await token()}` });
    expect(answer).toMatchObject({ status: 401, reason: expect.stringContaining('Failed to authentication token') });
  });

  test('asks even for paths that do not exist, and tells nobody what the token was', async () => {
    expect((await call('nothing', {})).status).toBe(401);
    const token = await tokenOf('admin', {}, randomBytes(32));
    expect((await call(LIST, { authorization: `Bearer ${token}` })).text).not.toContain(token.slice(0, 20));
  });

  test('takes the first of several roles in a claim of choice, and an audience', async () => {
    await api.close();
    api = await start({ TOKEN_AUTH_CLAIM: 'roles', TOKEN_AUDIENCE_CLAIM: 'aud', TOKEN_AUDIENCE: 'pulsar-io' });
    const bearer = async (claims: Record<string, unknown>) => ({
      authorization: `Bearer ${await tokenOf('x', claims)}`,
    });
    expect((await call(LIST, await bearer({ roles: ['admin', 'x'], aud: ['a', 'pulsar-io'] }))).status).toBe(200);
    expect((await call(LIST, await bearer({ roles: ['admin'], aud: 'other' }))).reason).toContain('audience');
    expect((await call(LIST, await bearer({ roles: ['admin'] }))).reason).toContain('audience');
  });

  test('gives the anonymous role to who brings nothing, if there is one', async () => {
    await api.close();
    api = await start({ ANONYMOUS_USER_ROLE: 'reader' });
    expect((await call('sinks/builtinsinks', {})).status).toBe(200);
    expect((await call(LIST, {})).reason).toBe('Client is not authorized to perform operation');
    expect((await call(LIST, { authorization: 'Bearer abc' })).status).toBe(401);
  });

  test.each([
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ])(
    'checks %s with a public key, and takes no token that is signed with the public key as a secret',
    async (alg, pair) => {
      const der = pair.publicKey.export({ type: 'spki', format: 'der' });
      await api.close();
      for (const setting of [
        der.toString('base64'),
        `data:;base64,${der.toString('base64')}`,
        createPublicKey({ key: der, format: 'der', type: 'spki' }).export({ type: 'spki', format: 'pem' }).toString(),
      ]) {
        api = await start({ TOKEN_SECRET_KEY: '', TOKEN_PUBLIC_KEY: setting });
        const good = await tokenOf('admin', {}, pair.privateKey, alg);
        expect((await call(LIST, { authorization: `Bearer ${good}` })).status).toBe(200);
        const forged = await tokenOf('admin', {}, der, 'HS256');
        expect((await call(LIST, { authorization: `Bearer ${forged}` })).status).toBe(401);
        await api.close();
      }
      api = await start();
    },
  );
});

describe('settings', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['no key', {}, /set TOKEN_SECRET_KEY or TOKEN_PUBLIC_KEY.*pulsar tokens create-secret-key/],
    ['a short key', { TOKEN_SECRET_KEY: 'c2hvcnQ=' }, /has 5 bytes; HS256 needs at least 32/],
    ['a key that is no base64', { TOKEN_SECRET_KEY: 'not base64!' }, /is no base64 text/],
    ['a file that is not there', { TOKEN_SECRET_KEY: 'file:///no/such/key' }, /cannot be read \(ENOENT\)/],
    ['a public key that is none', { TOKEN_PUBLIC_KEY: 'AAAA' }, /is no public key/],
    ['half an audience', { TOKEN_SECRET_KEY: KEY.toString('base64'), TOKEN_AUDIENCE: 'a' }, /must be set together/],
    ['an unknown method', { AUTHENTICATION: 'off' }, /it can be token or none/],
  ])('refuses %s, saying what would be right', async (_, environment, message) => {
    await expect(readAccessSettings(environment, noSecrets)).rejects.toThrow(message);
  });

  test('reads the key from where a reference says', async () => {
    const asked: string[] = [];
    const resolve = async ({ name }: { name: string }) => {
      asked.push(name);
      return KEY.toString('base64');
    };
    const settings = await readAccessSettings({ TOKEN_SECRET_KEY: 'ssm:/pulsar-io/key' }, resolve);
    expect(asked).toEqual(['/pulsar-io/key']);
    expect(settings?.tokens.key.key.export()).toEqual(KEY);
  });

  test('lets everybody in only when told so', async () => {
    expect(await readAccessSettings({ AUTHENTICATION: 'none' }, noSecrets)).toBeUndefined();
  });
});

/** Who may call what: every route by every role, for sinks; for sources the two makers change places. */
const MAY: Readonly<Record<'anyone' | 'namespace' | 'superuser', readonly string[]>> = {
  anyone: ['admin', 'tenant-admin', 'sink-maker', 'source-maker', 'reader', 'nobody'],
  namespace: ['admin', 'tenant-admin', 'maker'],
  superuser: ['admin'],
};

describe.each(['sinks', 'sources'] as const)('authorization of %s', (segment) => {
  const words = kindWordsOf(segment);
  if (!words) throw new Error('no such kind');
  const routes = routesOf(words).map(({ method, pattern, access }) => [method, pattern, access] as const);
  const maker = `${words.kind}-maker`;

  test.each(routes)('%s %s lets pass whom it should', async (method, pattern, access) => {
    const path = pattern
      .replace('{tenant}', 'public')
      .replace('{namespace}', 'default')
      .replace(/\{\w+\}/g, '0');
    for (const role of MAY.anyone) {
      const { status, reason } = await call(`${segment}/${path}`, await as(role), method);
      const mayPass =
        MAY[access].includes(role === maker ? 'maker' : role) || (access === 'anyone' && MAY.anyone.includes(role));
      expect([role, status === 401]).toEqual([role, !mayPass]);
      if (!mayPass)
        expect(reason).toMatch(
          /^(Client is not authorized to perform operation|This operation requires super-user access)$/,
        );
    }
  });
});

describe('proxies', () => {
  test.each<[string, string, string | undefined, boolean]>([
    ['a proxy for a super user', 'proxy', 'admin', true],
    ['a proxy for one who may not', 'proxy', 'nobody', false],
    ['a proxy for nobody', 'proxy', undefined, false],
    ['a proxy for a proxy', 'proxy', 'proxy', false],
    ['one who names himself', 'admin', 'admin', true],
    ['one who names another', 'admin', 'tenant-admin', false],
  ])('%s', async (_, role, original, mayPass) => {
    expect((await call('sinks/public/default', await as(role, original))).status).toBe(mayPass ? 200 : 401);
  });
});

describe('rights on topics, which a run will not check', () => {
  test('lets one make what he may read and write', async () => {
    expect((await createAs('sink-maker', 'sink', SINK)).status).toBe(204);
    expect((await createAs('source-maker', 'source', SOURCE, 'c2')).status).toBe(204);
    expect((await createAs('tenant-admin', 'sink', SINK, 'c3')).status).toBe(204);
  });

  test.each<[string, 'source' | 'sink', string, unknown]>([
    ['consume from another namespace', 'sink', 'sink-maker', { ...SINK, inputs: ['public/secret/in'] }],
    [
      'consume by a pattern elsewhere',
      'sink',
      'sink-maker',
      { ...SINK, inputs: [], topicsPattern: 'persistent://other/ns/.*' },
    ],
    [
      'write dead letters elsewhere',
      'sink',
      'sink-maker',
      { ...SINK, deadLetterTopic: 'public/secret/out', maxMessageRetries: 1 },
    ],
    ['produce to another namespace', 'source', 'source-maker', { ...SOURCE, topicName: 'public/secret/out' }],
    ['a tenant admin elsewhere', 'source', 'tenant-admin', { ...SOURCE, topicName: 'other/ns/out' }],
  ])('refuses to %s, naming the grant', async (_, kind, role, config) => {
    expect(await createAs(role, kind, config)).toMatchObject({
      status: 401,
      reason: expect.stringMatching(/^Role \S+ may not (consume|produce) on .*grant-permission/),
    });
  });

  test('asks for a grant on the namespace where records name their topic', async () => {
    const steps = [{ type: 'compute', fields: [{ name: 'destinationTopic', expression: 'value.to' }] }];
    const routed = { transformFunctionConfig: JSON.stringify({ steps }) };
    const config = { ...SOURCE, customRuntimeOptions: JSON.stringify(routed) };
    api.pulsar.granted.set('public/default', { 'source-maker': ['sources', 'produce'], 'one-topic': ['sources'] });
    api.pulsar.granted.set('persistent://public/default/out', { 'one-topic': ['produce'] });
    expect((await createAs('one-topic', 'source', SOURCE)).status).toBe(204);
    expect(await createAs('one-topic', 'source', config, 'c2')).toMatchObject({
      status: 401,
      reason: expect.stringMatching(/may not produce on all topics of public\/default; .*grant-permission/),
    });
    expect((await createAs('source-maker', 'source', config, 'c3')).status).toBe(204);
  });

  test('takes a grant on the topic itself, and refuses an update to what may not be used', async () => {
    api.pulsar.granted.set('persistent://public/secret/in', { 'sink-maker': ['consume'] });
    expect((await createAs('sink-maker', 'sink', { ...SINK, inputs: ['public/secret/in'] })).status).toBe(204);
    const body = JSON.stringify({ deadLetterTopic: 'public/secret/out', maxMessageRetries: 1 });
    const update = { method: 'PUT', path: '/admin/v3/sinks/public/default/c1', headers: await as('sink-maker') };
    const parts = [{ name: 'sinkConfig', contentType: 'application/json', body }];
    expect((await api.send({ ...update, parts })).status).toBe(401);
  });
});

describe('secrets by reference', () => {
  const withSecret = (reference: unknown) => ({ ...SINK, secrets: { token: reference } });

  test.each<[string, unknown, number]>([
    ['his own path', { ssm: '/pulsar-io/dev/public/token' }, 204],
    ['his own secret', { secretsManager: 'pulsar-io/dev/public/db', key: 'token' }, 204],
    ['another tenant', { ssm: '/pulsar-io/dev/other/token' }, 400],
    ['another place', { secretsManager: 'prod/db' }, 400],
    ['a way around', { ssm: '/pulsar-io/dev/public/../other/token' }, 400],
    ['a variable for secrets', { env: 'SECRET_TOKEN' }, 204],
    ["the deployment's own token", { env: 'PULSAR_TOKEN' }, 400],
    ['no known form', { vault: 'x' }, 400],
  ])('one who is no super user names %s', async (_, reference, status) => {
    expect((await createAs('sink-maker', 'sink', withSecret(reference))).status).toBe(status);
  });

  test('a super user may name any place', async () => {
    expect((await createAs('admin', 'sink', withSecret({ secretsManager: 'prod/db' }))).status).toBe(204);
  });
});
