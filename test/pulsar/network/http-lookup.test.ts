import { afterEach, expect, test } from '@jest/globals';
import { AuthenticationBasic, AuthenticationToken, Client, type ClientConfig } from '../../../src/pulsar/index.ts';
import { type SeenRequest, startHttpServer, type TestAnswer, type TestHttpServer } from '../kit/http-server.ts';
import { type ScriptedBroker, startScriptedBroker } from '../kit/scripted-broker.ts';

let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

async function web(answer: (request: SeenRequest) => TestAnswer | undefined): Promise<TestHttpServer> {
  const server = await startHttpServer(answer);
  cleanups.push(() => server.stop());
  return server;
}

async function broker(): Promise<ScriptedBroker> {
  const one = await startScriptedBroker();
  cleanups.push(() => one.stop());
  return one;
}

/** A web side that knows a topic of two partitions at `broker`. */
const knowing = (at: ScriptedBroker) =>
  web(({ url }) =>
    url.startsWith('/lookup/v2/topic/')
      ? { body: { brokerUrl: at.serviceUrl, brokerUrlTls: '' } }
      : { body: { partitions: 2 } },
  );

function clientOf(serviceUrl: string, options: Partial<ClientConfig> = {}): Client {
  const client = new Client({ serviceUrl, log: () => undefined, ...options });
  cleanups.push(() => client.close());
  return client;
}

test('an http:// service URL looks topics up over HTTP and talks to the brokers that it names', async () => {
  const at = await broker();
  const server = await knowing(at);
  const producer = await clientOf(server.url, { listenerName: 'in side' }).createProducer({ topic: 'a b' });
  expect(producer.isConnected()).toBe(true);
  expect(server.seen.map(({ url }) => url)).toEqual([
    '/admin/v2/persistent/public/default/a%20b/partitions?checkAllowAutoCreation=true',
    '/lookup/v2/topic/persistent/public/default/a%20b-partition-0?listenerName=in%20side',
    '/lookup/v2/topic/persistent/public/default/a%20b-partition-1?listenerName=in%20side',
  ]);
  expect(at.received.map(({ type }) => type)).toEqual(['CONNECT', 'PRODUCER', 'PRODUCER']);
});

test('credentials are shown to the web side, too', async () => {
  const server = await knowing(await broker());
  await clientOf(server.url, { authentication: new AuthenticationToken({ token: 'jwt' }) }).getPartitionsForTopic('t');
  const basic = new AuthenticationBasic({ username: 'me', password: 'pw' });
  await clientOf(server.url, { authentication: basic }).getPartitionsForTopic('t');
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer jwt', 'Basic bWU6cHc=']);
});

test('redirects are followed, and the next host is tried when one is down', async () => {
  const last = await web(() => ({ body: { partitions: 0 } }));
  const first = await web(({ url }) => ({ status: 307, headers: { location: `${last.url}${url}&again=1` } }));
  const down = await web(() => undefined);
  await down.stop();
  const serviceUrl = `${down.url},${first.url.slice('http://'.length)}`;
  expect(await clientOf(serviceUrl).getPartitionsForTopic('t')).toEqual(['persistent://public/default/t']);
  expect(last.seen).toHaveLength(1);
});

test.each([
  [{ status: 401 }, 'AuthenticationError'],
  [{ status: 403 }, 'AuthorizationError'],
  [{ status: 404, body: { reason: 'no such namespace' } }, 'TopicNotFound'],
  [{ status: 418, body: 'tea' }, 'LookupError'],
  [{ body: 'not json' }, 'LookupError'],
  [{ body: { partitions: -1 } }, 'LookupError'],
  [{ status: 307, headers: { location: '/round' } }, 'LookupError'],
  [undefined, 'TimeOut'],
  [{ body: 'x'.repeat(5 * 1024 * 1024) }, 'ConnectError'],
] as const)('the answer %j is a %s', async (answer, code) => {
  const server = await web(() => answer);
  const client = clientOf(server.url, { operationTimeoutSeconds: code === 'TimeOut' ? 0.05 : 30 });
  await expect(client.getPartitionsForTopic('t')).rejects.toMatchObject({ code });
});
