import { describe, expect, test } from '@jest/globals';
import type { Message } from 'amqplib';
import { rabbitmqError } from '../../src/connectors/rabbitmq/errors.ts';
import { idOf, recordOf } from '../../src/connectors/rabbitmq/messages.ts';
import { publicationOf } from '../../src/connectors/rabbitmq/publication.ts';
import { rabbitmqSink } from '../../src/connectors/rabbitmq/sink.ts';
import { rabbitmqSource } from '../../src/connectors/rabbitmq/source.ts';
import type { QueueSourceType } from '../../src/core/connector-type.ts';
import { secretKeys } from '../../src/core/type-config.ts';
import { sinkRecord } from '../contracts/sink.ts';
import { configOf, problemsOf } from './open.ts';

const SERVER = { connectionName: 'test', host: 'localhost' };
const SOURCE = { ...SERVER, queueName: 'q' };
const SINK = { ...SERVER, exchangeName: 'x' };

const serverKeys: Record<string, unknown> = {
  connectionName: 'test-connection',
  host: 'rabbit.example',
  port: '5673',
  virtualHost: '/test',
  username: 'guest',
  password: 'guest',
  requestedChannelMax: '10',
  requestedFrameMax: 131_072,
  connectionTimeout: '60000',
  handshakeTimeout: '10000',
  requestedHeartbeat: '60',
};
const sourceKeys = { ...serverKeys, queueName: 'queue', prefetchCount: '100', prefetchGlobal: 'true', passive: 'true' };
const sinkKeys = { ...serverKeys, exchangeName: 'exchange', routingKey: 'a.b', exchangeType: 'direct', queueName: 'q' };

describe('the configuration of rabbitmq', () => {
  test.each(Object.entries(sourceKeys))("the source takes Pulsar's key %s", (key, value) => {
    expect(problemsOf(rabbitmqSource, { ...SOURCE, [key]: value })).toEqual([]);
    expect(String(configOf(rabbitmqSource, { ...SOURCE, [key]: value })[key])).toBe(String(value));
  });

  test.each(Object.entries(sinkKeys))("the sink takes Pulsar's key %s", (key, value) => {
    expect(problemsOf(rabbitmqSink, { ...SINK, [key]: value })).toEqual([]);
    expect(String(configOf(rabbitmqSink, { ...SINK, [key]: value })[key])).toBe(String(value));
  });

  test("has Pulsar's defaults, and hides what Pulsar hides", () => {
    expect(configOf(rabbitmqSource, SOURCE)).toMatchObject({
      port: 5672,
      virtualHost: '/',
      username: 'guest',
      password: 'guest',
      requestedHeartbeat: 60,
      prefetchCount: 0,
      passive: false,
    });
    expect(configOf(rabbitmqSink, SINK)).toMatchObject({ exchangeType: 'topic' });
    for (const { config } of [rabbitmqSource, rabbitmqSink])
      expect(secretKeys(config)).toEqual(['username', 'password']);
  });

  test('refuses what cannot work, and says where', () => {
    expect(problemsOf(rabbitmqSource, {}).toSorted()).toEqual([
      '/configs/connectionName',
      '/configs/host',
      '/configs/queueName',
    ]);
    expect(problemsOf(rabbitmqSink, SERVER)).toEqual(['/configs/exchangeName']);
    expect(problemsOf(rabbitmqSource, { ...SOURCE, requestedFrameMax: 100 })).toEqual(['/configs/requestedFrameMax']);
    expect(problemsOf(rabbitmqSink, { ...SINK, caCertificate: 'pem' })).toEqual(['/configs/tls']);
  });

  test('asks for the time to live of the queue where ids are remembered, and remembers them for longer', () => {
    for (const guarantee of ['EFFECTIVELY_ONCE', 'ATMOST_ONCE'] as const) {
      expect(problemsOf(rabbitmqSource, SOURCE, guarantee)).toEqual(['/configs/messageTtlMs']);
      expect(problemsOf(rabbitmqSource, { ...SOURCE, messageTtlMs: 60_000 }, guarantee)).toEqual([]);
    }
    const remembered = (rabbitmqSource as QueueSourceType).rememberMs(
      configOf(rabbitmqSource, { ...SOURCE, messageTtlMs: 60_000 }),
    );
    expect(remembered).toBeGreaterThan(60_000 + 86_400_000);
  });

  test('refuses EFFECTIVELY_ONCE into RabbitMQ, with the reason', () => {
    expect(rabbitmqSink.guarantees).toEqual(['ATLEAST_ONCE', 'ATMOST_ONCE']);
    expect(rabbitmqSink.refusals?.EFFECTIVELY_ONCE).toContain('second message');
  });
});

describe('a message of RabbitMQ', () => {
  const message = (properties: Record<string, unknown>): Message =>
    ({ content: Buffer.from('a'), fields: { routingKey: 'r' }, properties }) as unknown as Message;

  test('has an id only where its producer set one', () => {
    expect([idOf(message({ messageId: 'm' })), idOf(message({ messageId: '' })), idOf(message({}))]).toEqual([
      'm',
      undefined,
      undefined,
    ]);
  });

  test('has a time only where its timestamp is one', () => {
    const timeOf = (timestamp: unknown) => recordOf(message({ timestamp })).eventTimeMs;
    expect([timeOf(1_700_000_000), timeOf(undefined), timeOf(0), timeOf(2 ** 60)]).toEqual([
      1_700_000_000_000,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

test('a record has one message id for every attempt, which is short however long its topic is', () => {
  const config = configOf(rabbitmqSink, SINK);
  const idIn = (topic: string) =>
    publicationOf(sinkRecord(1, { topic, bytes: Buffer.from('a') }), config).options.messageId;
  expect(idIn('persistent://a/b/c')).toBe('persistent://a/b/c 7:1');
  expect(idIn('x'.repeat(300))).toMatch(/^[0-9a-f]{64}$/);
  expect(idIn('x'.repeat(300))).toBe(idIn('x'.repeat(300)));
});

test.each([
  [{ code: 404, message: 'NOT_FOUND' }, 'PIO_SINK_MISCONFIGURED'],
  [{ code: 320, message: 'CONNECTION_FORCED' }, 'PIO_SINK_UNAVAILABLE'],
  [{ message: 'Handshake terminated by server: 403 (ACCESS-REFUSED)' }, 'PIO_SINK_MISCONFIGURED'],
  [{ message: 'Expected ConnectionOpenOk; got <ConnectionClose channel:0>' }, 'PIO_SINK_MISCONFIGURED'],
  [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT', message: 'self-signed' }, 'PIO_SINK_MISCONFIGURED'],
  [{ code: 'ECONNREFUSED', message: '' }, 'PIO_SINK_UNAVAILABLE'],
])('the error %j has the code that its reply code means', (error, code) => {
  expect(rabbitmqError(error, 'doing', 'SINK')).toMatchObject({ code, disposition: 'retry' });
});
