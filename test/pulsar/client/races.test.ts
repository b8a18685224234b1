import { afterEach, expect, jest, test } from '@jest/globals';
import type { ClientContext } from '../../../src/pulsar/client/client-context.ts';
import { registerConsumer, registerProducer } from '../../../src/pulsar/client/register.ts';
import { TopicPlace } from '../../../src/pulsar/client/topic-place.ts';
import { Client } from '../../../src/pulsar/index.ts';
import type { Connection } from '../../../src/pulsar/network/connection.ts';
import { PartitionedMetadataResult, ServerError } from '../../../src/pulsar/protocol/index.ts';
import { type Script, startScriptedBroker } from '../kit/scripted-broker.ts';

// What happens while something else is under way.

const NAMESPACE = 'persistent://public/default';
const topic = `${NAMESPACE}/t`;
let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  jest.useRealTimers();
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

async function start(script: Script = {}) {
  const broker = await startScriptedBroker(script);
  const client = new Client({ serviceUrl: broker.serviceUrl, operationTimeoutSeconds: 5, log: () => undefined });
  cleanups.push(
    () => broker.stop(),
    () => client.close().catch(() => undefined),
  );
  return { broker, client };
}

/** Lets everything happen that waits for nothing but the network. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test.each([
  ['producer', registerProducer, 'CLOSE_PRODUCER'],
  ['consumer', registerConsumer, 'CLOSE_CONSUMER'],
] as const)('a %s that was closed while its registration was answered does not stay', async (_, register, close) => {
  const closing = new AbortController();
  const sent: string[] = [];
  const request = async (type: string) => {
    sent.push(type);
    closing.abort();
  };
  const connection = { producers: new Map(), consumers: new Map(), isOpen: true, request } as unknown as Connection;
  const limits = { timeoutMs: 1000, signal: closing.signal };
  const registering = register(connection, { producerId: 1, consumerId: 1 } as never, {} as never, limits);
  await expect(registering).rejects.toMatchObject({ code: 'Aborted' });
  expect(sent.at(-1)).toBe(close);
  expect([connection.producers.size, connection.consumers.size]).toEqual([0, 0]);
});

test('a pattern that is closed while it leaves a topic takes no more topics', async () => {
  let topics = [`${NAMESPACE}/a`];
  let answerClose: () => void = () => undefined;
  const { broker, client } = await start({
    GET_TOPICS_OF_NAMESPACE: ({ requestId }, peer) =>
      peer.send('GET_TOPICS_OF_NAMESPACE_RESPONSE', { requestId, topics }),
    CLOSE_CONSUMER: ({ requestId }, peer) => {
      answerClose = () => peer.send('SUCCESS', { requestId });
    },
  });
  const pattern = { topicsPattern: `${NAMESPACE}/.*`, patternAutoDiscoveryPeriod: 0.01 };
  const consumer = await client.subscribe({ ...pattern, subscription: 's' });
  topics = [`${NAMESPACE}/b`];
  await until(() => broker.of('CLOSE_CONSUMER').length === 1);
  await consumer.close();
  answerClose();
  await settle();
  expect(broker.of('SUBSCRIBE').map((one) => one.topic)).toEqual([`${NAMESPACE}/a`]);
});

test('a broker that was named before the client went over to another cluster is not used', async () => {
  const asked: string[] = [];
  const pool = {
    service: { serviceUrl: 'pulsar://one' },
    isTls: false,
    isHttp: false,
    lookups: { run: async () => asked.push('lookup') },
    toBroker: async (url: string) => asked.push(url),
  };
  const place = new TopicPlace({ pool, log: () => undefined } as unknown as ClientContext, topic);
  const { signal } = new AbortController();
  const attach = () => place.attach(signal, async () => undefined);
  const assigned = { assignedBrokerServiceUrl: 'pulsar://named:6650' };
  place.closed(assigned);
  await attach();
  place.closed(assigned);
  pool.service = { serviceUrl: 'pulsar://two' };
  await attach();
  expect(asked).toEqual(['pulsar://named:6650', 'lookup']);
});

test('a producer is created although the broker is not ready to tell the partitions, or the connection is lost', async () => {
  let attempts = 0;
  const { client } = await start({
    PARTITIONED_METADATA: ({ requestId }, peer) => {
      const response = PartitionedMetadataResult.Failed;
      const { ServiceNotReady: error } = ServerError;
      if (++attempts === 1) peer.send('PARTITIONED_METADATA_RESPONSE', { requestId, response, error, message: 'wait' });
      else if (attempts === 2) peer.socket.destroy();
      else {
        const { Success } = PartitionedMetadataResult;
        peer.send('PARTITIONED_METADATA_RESPONSE', { requestId, response: Success, partitions: 0 });
      }
    },
  });
  const producer = await client.createProducer({ topic });
  expect([producer.getTopic(), attempts]).toEqual([topic, 3]);
});

test('dead letters that cannot be published are tried again after the delay, and not asked for in between', async () => {
  let refusals = 0;
  const { broker, client } = await start({
    FLOW: ({ consumerId }, peer) =>
      peer.deliver({ consumerId, messageId: { ledgerId: 1, entryId: 0 }, redeliveryCount: 2 }, {}, Buffer.from('x')),
    PRODUCER: ({ requestId, producerName }, peer) => {
      if (++refusals <= 2) peer.send('ERROR', { requestId, error: ServerError.ProducerBusy, message: 'no' });
      else peer.send('PRODUCER_SUCCESS', { requestId, producerName: producerName ?? 'p', lastSequenceId: -1 });
    },
    SEND: ({ producerId, sequenceId }, peer) =>
      peer.send('SEND_RECEIPT', { producerId, sequenceId, messageId: { ledgerId: 2, entryId: 0 } }),
  });
  await client.subscribe({
    ...{ topic, subscription: 's', subscriptionType: 'Shared' },
    ...{ nAckRedeliverTimeoutMs: 100, deadLetterPolicy: { maxRedeliverCount: 1 } },
  });
  await until(() => broker.of('ACK').length === 1);
  expect([refusals, broker.of('SEND').length]).toEqual([3, 1]);
  expect(broker.of('REDELIVER_UNACKNOWLEDGED_MESSAGES')).toEqual([]);
});

test('after a new subscription nothing is asked for again that came again by itself', async () => {
  const { broker, client } = await start({
    FLOW: ({ consumerId }, peer) =>
      peer.deliver({ consumerId, messageId: { ledgerId: 1, entryId: 0 } }, {}, Buffer.from('x')),
  });
  const consumer = await client.subscribe({
    ...{ topic, subscription: 's', subscriptionType: 'Shared' },
    ...{ nAckRedeliverTimeoutMs: 200, ackTimeoutMs: 10_000 },
  });
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  consumer.negativeAcknowledge(await consumer.receive());
  broker.peers[0]?.send('CLOSE_CONSUMER', { consumerId: 1, requestId: -1 });
  await until(() => broker.of('FLOW').length === 2);
  const again = await consumer.receive();
  jest.advanceTimersByTime(5000);
  await consumer.acknowledge(again);
  jest.advanceTimersByTime(20_000);
  await settle();
  expect(broker.of('REDELIVER_UNACKNOWLEDGED_MESSAGES')).toEqual([]);
});
