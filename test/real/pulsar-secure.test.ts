import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import {
  type Authentication,
  AuthenticationBasic,
  AuthenticationOauth2,
  AuthenticationTls,
  AuthenticationToken,
  Client,
  type ClientConfig,
  MessageId,
  type PulsarError,
} from '../../src/pulsar/index.ts';
import { openSession } from '../../src/pulsar/session.ts';
import { startHttpServer } from '../pulsar/kit/http-server.ts';
import { describeReal, SECRET_PASSWORD, signToken, usePulsarSecure } from '../services/index.ts';

let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

let topics = 0;
const topic = (): string => `persistent://public/default/secure-${Date.now()}-${++topics}`;
const token = (text: string): Authentication => new AuthenticationToken({ token: text });

function clientOf(options: Partial<ClientConfig>): Client {
  const { tlsServiceUrl, certificatePath } = usePulsarSecure();
  const tls = { tlsTrustCertsFilePath: certificatePath, tlsValidateHostname: true };
  const client = new Client({ serviceUrl: tlsServiceUrl, ...tls, log: () => undefined, ...options } as ClientConfig);
  cleanups.push(() => client.close());
  return client;
}

/** Sends and receives a message. */
async function roundTrip(client: Client, name = topic()): Promise<string> {
  const consumer = await client.subscribe({ topic: name, subscription: 's' });
  const producer = await client.createProducer({ topic: name });
  await producer.send({ data: Buffer.from('hello') });
  const message = await consumer.receive(10_000);
  await consumer.acknowledge(message);
  return message.getData().toString();
}

describeReal('authentication on a real broker', ['pulsarSecure'], () => {
  test('a token is taken over TLS, over plain TCP, and over HTTP and HTTPS lookup', async () => {
    const { serviceUrl, adminUrl, tlsAdminUrl, tlsServiceUrl } = usePulsarSecure();
    for (const url of [tlsServiceUrl, serviceUrl, adminUrl, tlsAdminUrl]) {
      const client = clientOf({ serviceUrl: url, authentication: token(signToken('admin')) });
      expect(await roundTrip(client)).toBe('hello');
    }
  });

  test('user name and password, and a client certificate, are taken', async () => {
    const { certificatePath, privateKeyPath } = usePulsarSecure();
    const basic = new AuthenticationBasic({ username: 'basic-user', password: SECRET_PASSWORD });
    expect(await roundTrip(clientOf({ authentication: basic }))).toBe('hello');
    const certificate = new AuthenticationTls({ certificatePath, privateKeyPath });
    expect(await roundTrip(clientOf({ authentication: certificate }))).toBe('hello');
  });

  test('a token from an OAuth2 provider is taken', async () => {
    const idp = await startHttpServer(({ url }) =>
      url === '/.well-known/openid-configuration'
        ? { body: { token_endpoint: `${idp.url}/token` } }
        : { body: { access_token: signToken('admin'), expires_in: 60 } },
    );
    cleanups.push(() => idp.stop());
    const keys = { client_id: 'me', client_secret: 'secret' };
    const authentication = new AuthenticationOauth2({ type: 'client_credentials', issuer_url: idp.url, ...keys });
    expect(await roundTrip(clientOf({ authentication }))).toBe('hello');
  });

  test('wrong credentials of every kind, and none, are an AuthenticationError', async () => {
    const wrong: (Authentication | undefined)[] = [
      undefined,
      token('no token'),
      token(signToken('admin', 60_000, randomBytes(32))),
      token(signToken('admin', -1_000)),
      new AuthenticationBasic({ username: 'basic-user', password: 'wrong' }),
    ];
    for (const authentication of wrong) {
      const client = clientOf(authentication ? { authentication } : {});
      const failed = client.createProducer({ topic: topic() });
      await expect(failed).rejects.toThrow('Failed to create producer: AuthenticationError');
    }
  });

  test('a role that may not do it is told AuthorizationError', async () => {
    const client = clientOf({ authentication: token(signToken('nobody')) });
    const failed = client.createProducer({ topic: topic() });
    await expect(failed).rejects.toThrow('Failed to create producer: AuthorizationError');
  });

  test('a certificate that is not trusted, or for another host, is a ConnectError', async () => {
    const { tlsServiceUrl } = usePulsarSecure();
    const authentication = token(signToken('admin'));
    const create = (options: Partial<ClientConfig>) =>
      clientOf({ authentication, ...options }).createProducer({ topic: topic() });
    await expect(create({ tlsTrustCertsFilePath: '' })).rejects.toMatchObject({ code: 'ConnectError' });
    const serviceUrl = tlsServiceUrl.replace('localhost', '127.0.0.1');
    await expect(create({ serviceUrl })).rejects.toMatchObject({ code: 'ConnectError' });
    await create({ serviceUrl, tlsValidateHostname: false });
    await create({ tlsTrustCertsFilePath: '', tlsAllowInsecureConnection: true });
  });

  test('a token that expires on a live connection is replaced, and no message is lost or sent twice', async () => {
    const given: string[] = [];
    const supplier = async () => {
      given.push(signToken('admin', 2_000));
      return given.at(-1) as string;
    };
    const client = clientOf({ authentication: new AuthenticationToken({ token: supplier }) });
    const name = topic();
    const consumer = await client.subscribe({ topic: name, subscription: 's' });
    const producer = await client.createProducer({ topic: name });
    const sent: string[] = [];
    while (given.length < 3) {
      await producer.send({ data: Buffer.from(String(sent.length)) });
      sent.push(String(sent.length));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const received: string[] = [];
    while (received.length < sent.length) received.push((await consumer.receive(10_000)).getData().toString());
    expect(received).toEqual(sent);
    await expect(consumer.receive(300)).rejects.toThrow('TimeOut');
    expect(await connectionsOf(name)).toBe(1);
  });

  /** A client whose tokens live for a moment, and say `renewal` once they have to be new; what it sent before. */
  async function expiring(renewal: () => string) {
    let isRenewed = false;
    const logged: string[] = [];
    const supplier = () => (isRenewed ? renewal() : signToken('admin', 1_500));
    const client = clientOf({
      authentication: new AuthenticationToken({ token: supplier }),
      log: (_level, _file, _line, text) => void logged.push(text),
    });
    const name = topic();
    const producer = await client.createProducer({ topic: name, sendTimeoutMs: 2_000 });
    isRenewed = true;
    const sent: string[] = [];
    /** Sends until a send fails, whose error it gives, or `isEnough`. */
    const sendUntil = async (isEnough: () => boolean): Promise<PulsarError | undefined> => {
      while (!isEnough()) {
        try {
          await producer.send({ data: Buffer.from(String(sent.length)) });
          sent.push(String(sent.length));
        } catch (error) {
          return error as PulsarError;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return undefined;
    };
    return { client, name, logged, sent, sendUntil };
  }

  test('a supplier that gives expired tokens, or throws, is said to be why nothing is sent any more', async () => {
    const expectations = [
      [() => signToken('admin', -1_000), 'AuthenticationError'],
      [() => undefined, 'ErrorGettingAuthenticationData'],
    ] as const;
    await Promise.all(
      expectations.map(async ([renewal, code]) => {
        const { client, logged, sendUntil } = await expiring(renewal as () => string);
        const error = await sendUntil(() => false);
        const cause = expect.objectContaining({ message: expect.stringContaining(`not connected: ${code}`) });
        expect(error).toMatchObject({ message: 'Failed to send message: TimeOut', cause });
        expect(logged.join('\n')).toContain(`is not attached, trying again: ${code}`);
        const another = client.createProducer({ topic: topic() });
        await expect(another).rejects.toThrow(`Failed to create producer: ${code}`);
      }),
    );
  });

  test('a supplier that fails for a while is asked again, and no message is lost or sent twice', async () => {
    let asked = 0;
    const renewal = () => {
      if (asked++ < 3) throw new Error('no answer');
      return signToken('admin', 60_000);
    };
    const { name, sent, sendUntil } = await expiring(renewal);
    expect(await sendUntil(() => asked > 3)).toBeUndefined();
    expect(await sendUntil(() => sent.length % 10 === 0)).toBeUndefined();
    const reader = await clientOf({ authentication: token(signToken('admin')) }).createReader({
      topic: name,
      startMessageId: MessageId.earliest(),
    });
    const stored: string[] = [];
    while (await reader.hasMessageAvailable()) stored.push((await reader.readNext(10_000)).getData().toString());
    expect(stored).toEqual(sent);
  });

  test('a session whose token expires and is not replaced ends, and says so', async () => {
    const { serviceUrl } = usePulsarSecure();
    const session = await openSession({ serviceUrl, authentication: token(signToken('admin', 1_500)) });
    cleanups.push(() => session.destroy());
    const ended = await session.closed;
    expect(['AuthenticationError', 'Disconnected']).toContain((ended as { code?: string }).code);
  });
});

/** Connections that the topic's consumer and producer use: one as long as nobody reconnected. */
async function connectionsOf(name: string): Promise<number> {
  const headers = { authorization: `Bearer ${signToken('admin')}` };
  const response = await fetch(`${usePulsarSecure().adminUrl}/admin/v2/${name.replace('://', '/')}/stats`, { headers });
  const { publishers, subscriptions } = (await response.json()) as Stats;
  const all = [...publishers, ...Object.values(subscriptions).flatMap(({ consumers }) => consumers)];
  return new Set(all.map(({ address }) => address)).size;
}

interface Stats {
  readonly publishers: readonly { readonly address: string }[];
  readonly subscriptions: Readonly<Record<string, { readonly consumers: readonly { readonly address: string }[] }>>;
}
