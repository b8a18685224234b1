import { afterEach, expect, jest, test } from '@jest/globals';
import { AuthenticationToken } from '../../../src/pulsar/client/authentication.ts';
import { noAuthentication } from '../../../src/pulsar/network/authentication.ts';
import { Connection, type ConnectionOptions } from '../../../src/pulsar/network/connection.ts';
import { ConnectionPool } from '../../../src/pulsar/network/connection-pool.ts';
import { connectionForTopic, partitionCount } from '../../../src/pulsar/network/lookup.ts';
import { parseServiceUrl } from '../../../src/pulsar/network/service-url.ts';
import { type CommandFields, LookupResult, ServerError } from '../../../src/pulsar/protocol/index.ts';
import { type Script, type ScriptedBroker, startScriptedBroker } from '../kit/scripted-broker.ts';

const TOPIC = 'persistent://public/default/t';
const limits = { timeoutMs: 5_000 };
let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  jest.useRealTimers();
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

async function brokerWith(script: Script = {}): Promise<ScriptedBroker> {
  const broker = await startScriptedBroker(script);
  cleanups.push(() => broker.stop());
  return broker;
}

async function connectTo(broker: ScriptedBroker, options: Partial<ConnectionOptions> = {}): Promise<Connection> {
  const [address] = parseServiceUrl(broker.serviceUrl);
  const connection = await Connection.open({
    address: address as NonNullable<typeof address>,
    authentication: noAuthentication,
    tls: {},
    connectionTimeoutMs: 5_000,
    keepAliveMs: 30_000,
    ...options,
  });
  cleanups.push(() => connection.destroy());
  return connection;
}

function poolFor(broker: ScriptedBroker, serviceUrl = broker.serviceUrl): ConnectionPool {
  const timing = { connectionTimeoutMs: 5_000, keepAliveMs: 30_000 };
  const pool = new ConnectionPool({ serviceUrl, authentication: noAuthentication, tls: {}, ...timing });
  cleanups.push(() => pool.destroy());
  return pool;
}

test('takes the message limit from CONNECTED and says what it can', async () => {
  const broker = await brokerWith();
  const connection = await connectTo(broker);
  expect(connection.maxMessageBytes).toBe(100_000);
  expect(broker.of('CONNECT')[0]).toMatchObject({ authMethodName: 'none', protocolVersion: 21 });
});

test('a refused login is told by its code', async () => {
  const broker = await brokerWith({
    CONNECT: (_, peer) => peer.send('ERROR', { requestId: -1, error: ServerError.AuthenticationError, message: 'no' }),
  });
  await expect(connectTo(broker)).rejects.toMatchObject({ code: 'AuthenticationError', message: 'no' });
});

test('challenges are answered with fresh credentials, during login and later', async () => {
  const broker = await brokerWith({
    CONNECT: (_, peer) =>
      peer.send('AUTH_CHALLENGE', { challenge: { authMethodName: 'token', authData: Buffer.from('?') } }),
    AUTH_RESPONSE: (_, peer) => {
      if (broker.of('AUTH_RESPONSE').length === 1) peer.send('CONNECTED', { serverVersion: 's' });
    },
  });
  let asked = 0;
  await connectTo(broker, { authentication: new AuthenticationToken({ token: async () => `token-${++asked}` }) });
  broker.peers[0]?.send('AUTH_CHALLENGE', {
    challenge: { authMethodName: 'token', authData: Buffer.from('PulsarAuthRefresh') },
  });
  const tokens = () => broker.of('AUTH_RESPONSE').map(({ response }) => response?.authData?.toString());
  while (tokens().length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(broker.of('CONNECT')[0]?.authData?.toString()).toBe('token-1');
  expect(tokens()).toEqual(['token-2', 'token-3']);
});

test('credentials that cannot be had end the connection', async () => {
  const broker = await brokerWith();
  const authentication = new AuthenticationToken({
    token: () => {
      throw new Error('vault is closed');
    },
  });
  await expect(connectTo(broker, { authentication })).rejects.toMatchObject({ code: 'ErrorGettingAuthenticationData' });
});

test('a broker that does not shake hands is given up after the connection timeout', async () => {
  const broker = await brokerWith({ CONNECT: () => undefined });
  await expect(connectTo(broker, { connectionTimeoutMs: 50 })).rejects.toMatchObject({ code: 'ConnectError' });
});

test('an address where nobody listens is a ConnectError', async () => {
  const broker = await brokerWith();
  await broker.stop();
  await expect(connectTo(broker)).rejects.toMatchObject({ code: 'ConnectError' });
});

test('an unanswered ping ends the connection', async () => {
  const broker = await brokerWith({ PING: () => undefined });
  const connection = await connectTo(broker, { keepAliveMs: 20 });
  expect(await connection.closed).toMatchObject({ code: 'Disconnected' });
});

test('answered pings keep the connection', async () => {
  const broker = await brokerWith();
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'] });
  const connection = await connectTo(broker, { keepAliveMs: 500 });
  for (let pings = 1; pings <= 3; pings++) {
    jest.advanceTimersByTime(500);
    while (broker.of('PING').length < pings) await new Promise((resolve) => setImmediate(resolve));
    // The answer to a request comes behind that to the ping.
    await connection.request('LOOKUP', { topic: TOPIC }, 'LOOKUP_RESPONSE', limits);
  }
  expect(connection.isOpen).toBe(true);
});

test('a ping is answered at once', async () => {
  const broker = await brokerWith();
  await connectTo(broker);
  broker.peers[0]?.send('PING', {});
  while (broker.of('PONG').length < 1) await new Promise((resolve) => setImmediate(resolve));
});

test('an answer that comes after the timeout is ignored, the next request works', async () => {
  const waiting: CommandFields<'PARTITIONED_METADATA'>[] = [];
  const broker = await brokerWith({ PARTITIONED_METADATA: (fields) => waiting.push(fields) });
  const connection = await connectTo(broker);
  const ask = (timeoutMs: number, signal?: AbortSignal) =>
    connection.request('PARTITIONED_METADATA', { topic: TOPIC }, 'PARTITIONED_METADATA_RESPONSE', {
      timeoutMs,
      signal,
    });
  await expect(ask(20)).rejects.toMatchObject({ code: 'TimeOut' });
  const abort = new AbortController();
  const aborted = ask(5_000, abort.signal);
  abort.abort(new Error('enough'));
  await expect(aborted).rejects.toMatchObject({ code: 'Aborted', cause: new Error('enough') });
  broker.script.PARTITIONED_METADATA = ({ requestId }, peer) => {
    for (const late of waiting)
      peer.send('PARTITIONED_METADATA_RESPONSE', { requestId: late.requestId, partitions: 99 });
    peer.send('PARTITIONED_METADATA_RESPONSE', { requestId, partitions: 5 });
  };
  expect(await ask(5_000)).toMatchObject({ partitions: 5 });
});

test('an answer of the wrong type, an unknown command and an unknown id are no harm', async () => {
  const broker = await brokerWith({
    PARTITIONED_METADATA: ({ requestId }, peer) => peer.send('SUCCESS', { requestId }),
  });
  const connection = await connectTo(broker);
  const wrong = connection.request('PARTITIONED_METADATA', { topic: TOPIC }, 'PARTITIONED_METADATA_RESPONSE', limits);
  await expect(wrong).rejects.toMatchObject({ code: 'ProtocolError' });
  const [peer] = broker.peers;
  peer?.socket.write(Buffer.from('0000000900000005' + '0846' + 'b20400', 'hex'));
  peer?.send('SUCCESS', { requestId: 12345 });
  peer?.send('SEND_RECEIPT', { producerId: 77, sequenceId: 1 });
  peer?.deliver({ consumerId: 77, messageId: { ledgerId: 1, entryId: 1 } }, {}, Buffer.from('x'));
  const fields = { topic: TOPIC };
  expect(await connection.request('LOOKUP', fields, 'LOOKUP_RESPONSE', limits)).toMatchObject({
    response: LookupResult.Connect,
  });
});

test('malformed bytes and oversized frames end the connection', async () => {
  for (const bytes of [Buffer.from('0000000400000000', 'hex'), Buffer.from('7fffffff', 'hex')]) {
    const broker = await brokerWith();
    const connection = await connectTo(broker);
    broker.peers[0]?.socket.write(bytes);
    expect(await connection.closed).toMatchObject({ code: 'ProtocolError' });
    await expect(connection.request('LOOKUP', { topic: TOPIC }, 'LOOKUP_RESPONSE', limits)).rejects.toMatchObject({
      code: 'ProtocolError',
    });
  }
});

test('a lookup follows redirects, with the authority it was told', async () => {
  const last = await brokerWith();
  const first = await brokerWith({
    LOOKUP: ({ requestId }, peer) =>
      peer.send('LOOKUP_RESPONSE', {
        requestId,
        response: LookupResult.Redirect,
        authoritative: true,
        brokerServiceUrl: last.serviceUrl,
      }),
  });
  const connection = await connectionForTopic(poolFor(first), TOPIC, { ...limits, listenerName: 'inside' });
  expect(last.of('LOOKUP')).toMatchObject([{ authoritative: true, advertisedListenerName: 'inside' }]);
  expect(connection.options.address).toEqual(parseServiceUrl(last.serviceUrl)[0]);
});

test('a lookup that is redirected for ever is given up', async () => {
  const broker = await brokerWith({
    LOOKUP: ({ requestId }, peer) =>
      peer.send('LOOKUP_RESPONSE', { requestId, response: LookupResult.Redirect, brokerServiceUrl: broker.serviceUrl }),
  });
  await expect(connectionForTopic(poolFor(broker), TOPIC, limits)).rejects.toMatchObject({ code: 'LookupError' });
  expect(broker.of('LOOKUP')).toHaveLength(21);
});

test('behind a proxy the broker is named in CONNECT', async () => {
  const broker = await brokerWith({
    LOOKUP: ({ requestId }, peer) =>
      peer.send('LOOKUP_RESPONSE', {
        requestId,
        response: LookupResult.Connect,
        brokerServiceUrl: 'pulsar://hidden:6650',
        proxyThroughServiceUrl: true,
      }),
  });
  await connectionForTopic(poolFor(broker), TOPIC, limits);
  expect(broker.of('CONNECT').map(({ proxyToBrokerUrl }) => proxyToBrokerUrl)).toEqual([undefined, 'hidden:6650']);
});

test('refusals of lookups have the code of the broker', async () => {
  const broker = await brokerWith({
    LOOKUP: ({ requestId }, peer) =>
      peer.send('LOOKUP_RESPONSE', {
        requestId,
        response: LookupResult.Failed,
        error: ServerError.ServiceNotReady,
        message: 'm',
      }),
    PARTITIONED_METADATA: ({ requestId }, peer) => peer.send('PARTITIONED_METADATA_RESPONSE', { requestId }),
  });
  const pool = poolFor(broker);
  await expect(connectionForTopic(pool, TOPIC, limits)).rejects.toMatchObject({ code: 'ServiceNotReady' });
  await expect(partitionCount(pool, TOPIC, limits)).rejects.toMatchObject({ code: 'LookupError' });
});

test('the next host of the service URL is tried when one cannot be reached', async () => {
  const dead = await brokerWith();
  await dead.stop();
  const broker = await brokerWith();
  const both = `${dead.serviceUrl},${broker.serviceUrl.slice('pulsar://'.length)}`;
  expect((await poolFor(broker, both).toService()).isOpen).toBe(true);
});

test('one connection per broker is shared by all who ask at once', async () => {
  const broker = await brokerWith();
  const pool = poolFor(broker);
  const connections = await Promise.all([pool.toService(), pool.toService(), pool.toBroker(broker.serviceUrl, false)]);
  expect(new Set(connections).size).toBe(1);
  expect(broker.peers).toHaveLength(1);
});
