import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readEnvironment } from '../../../handlers/environment.ts';
import { NATIVE_GUARANTEES } from '../../../handlers/native-guarantees.ts';
import type { MessagingSession, OutgoingMessage } from '../../../src/core/messaging.ts';
import * as Pulsar from '../../../src/pulsar/index.ts';
import { loadNative } from '../../../src/pulsar/native/load-native.ts';
import type { NativePulsar } from '../../../src/pulsar/native/native-api.ts';
import { openNativeSession } from '../../../src/pulsar/native/native-session.ts';
import { startEmbeddedBroker } from '../../e2e/embedded-broker.ts';

// The addon installs on no machine of ours. Our own client has the same API, so it stands in for it, on the embedded broker.
const standIn = Pulsar as unknown as NativePulsar;
let broker: Awaited<ReturnType<typeof startEmbeddedBroker>>;
let session: MessagingSession;
beforeAll(async () => {
  broker = await startEmbeddedBroker();
  session = openNativeSession(standIn, { serviceUrl: broker.serviceUrl, token: async () => 'not looked at' });
});
afterAll(async () => {
  await session.close();
  expect(await session.closed).toBeUndefined();
  await broker[Symbol.asyncDispose]();
});

const outgoing = (value: string, sequenceId: number): OutgoingMessage => ({
  value: Buffer.from(value),
  key: `k${value}`,
  properties: { p: value },
  eventTimeMs: 7,
  sequenceId,
});
const subscription = { subscription: 's', subscriptionType: 'Shared', initialPosition: 'Earliest' } as const;
const limits = { maxMessages: 2, lingerMs: 200, waitMs: 5_000 };

test('entries are published with receipts, and received in batches until they are acknowledged', async () => {
  const topic = 'persistent://public/default/native';
  expect(await session.partitions(topic)).toBe(0);
  const consumer = await session.consumer({ topic, ...subscription, receiverQueueSize: 10 });
  const producer = await session.producer({ topic, compression: 'LZ4' });
  const receipt = await producer.sendEntry(['a', 'b', 'c'].map(outgoing));
  expect(receipt).toMatchObject({ lowestSequenceId: 0, highestSequenceId: 2, messageId: { batchIndex: -1 } });
  const first = await consumer.receiveBatch(limits);
  expect(first).toMatchObject([
    { value: Buffer.from('a'), key: 'ka', properties: { p: 'a' }, eventTimeMs: 7, topic, redeliveryCount: 0 },
    { value: Buffer.from('b') },
  ]);
  const [last] = await consumer.receiveBatch({ ...limits, maxBytes: 1 });
  await consumer.ackIndividual(first.map(({ messageId }) => messageId));
  consumer.redeliver([(last as (typeof first)[number]).messageId]);
  const again = await consumer.receiveBatch({ ...limits, maxMessages: 10 });
  expect(again.at(-1)).toMatchObject({ value: Buffer.from('c'), redeliveryCount: 1 });
  await consumer.ackIndividual(again.map(({ messageId }) => messageId));
  expect(await consumer.receiveBatch({ ...limits, waitMs: 60 })).toEqual([]);
  const abort = AbortSignal.abort();
  await expect(consumer.receiveBatch({ ...limits, signal: abort })).rejects.toMatchObject({ code: 'Aborted' });
  await consumer.close();
});

test('a cumulative acknowledgement holds for what comes before', async () => {
  const topic = 'persistent://public/default/native-cumulative';
  const options = { topic, ...subscription, subscriptionType: 'Exclusive', receiverQueueSize: 10 } as const;
  const consumer = await session.consumer(options);
  const producer = await session.producer({ topic, initialSubscriptionName: 'dead' });
  await producer.sendEntry([outgoing('a', 0)]);
  await producer.sendEntry([outgoing('b', 1)]);
  const [, second] = await consumer.receiveBatch(limits);
  await consumer.ackCumulative((second as { messageId: Pulsar.MessageIdParts }).messageId);
  await consumer.close();
  const next = await session.consumer(options);
  expect(await next.receiveBatch({ ...limits, waitMs: 100 })).toEqual([]);
  await next.unsubscribe();
});

test('failures have the code of the client, and what it cannot do is refused', async () => {
  const topic = 'persistent://public/missing/x';
  await expect(session.producer({ topic })).rejects.toMatchObject({ code: 'TopicNotFound' });
  const refused = { code: 'PIO_GUARANTEE_REFUSED' };
  await expect(session.producer({ topic, producerName: 'mine' })).rejects.toMatchObject(refused);
  const reader = session.consumer({ topic, ...subscription, receiverQueueSize: 1, durable: false });
  await expect(reader).rejects.toMatchObject(refused);
});

test('ATLEAST_ONCE only is held', () => {
  for (const kept of [NATIVE_GUARANTEES.source, NATIVE_GUARANTEES.queue, NATIVE_GUARANTEES.sink]) {
    expect(kept.ATLEAST_ONCE.middleware?.(undefined)).toBeDefined();
    for (const guarantee of ['ATMOST_ONCE', 'EFFECTIVELY_ONCE'] as const) {
      expect(() => kept[guarantee].middleware?.(undefined)).toThrow(
        expect.objectContaining({ code: 'PIO_GUARANTEE_REFUSED', message: expect.stringContaining(guarantee) }),
      );
    }
  }
});

test('PULSAR_CLIENT is plain or native, and a package that is missing is told with how to install it', async () => {
  const env = { PULSAR_SERVICE_URL: 'pulsar://x', STORE_URL: 'sqlite:x' };
  expect(readEnvironment(env).pulsarClient).toBe('plain');
  expect(readEnvironment({ ...env, PULSAR_CLIENT: 'native' }).pulsarClient).toBe('native');
  expect(() => readEnvironment({ ...env, PULSAR_CLIENT: 'java' })).toThrow('must be plain or native, not java');
  const missing = loadNative(async (name) => Promise.reject(new Error(`Cannot find package '${name}'`)));
  await expect(missing).rejects.toMatchObject({
    code: 'PIO_DRIVER_MISSING',
    message: expect.stringContaining('npm install pulsar-client@1.18.0'),
  });
  expect(await loadNative(async () => ({ default: standIn }))).toBe(standIn);
});
