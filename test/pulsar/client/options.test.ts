import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readConsumerConfig } from '../../../src/pulsar/client/consumer-config.ts';
import { readProducerConfig } from '../../../src/pulsar/client/producer-config.ts';
import { parseTopicName } from '../../../src/pulsar/protocol/topic-name.ts';

// Every option of npm pulsar-client's producers and consumers: a wrong value leaves its default, a right one counts.

/** Wrong values by what an option takes. */
const WRONG = {
  number: [null, '5', true, {}, Number.NaN, -7],
  flag: [null, 'true', 1, {}],
  text: [null, 5, {}, ''],
  choice: [null, 'nonsense', 'toString', 5, {}],
  object: [null, 5, 'x', true],
  list: [null, 5, 'x', {}],
  call: [null, 5, 'x', {}],
};
type Rows = Record<string, readonly [wrong: readonly unknown[], right: unknown]>;

const reader = { getPublicKey: () => ({}), getPrivateKey: () => ({}) };
const PRODUCER: Rows = {
  producerName: [WRONG.text, 'me'],
  sendTimeoutMs: [[...WRONG.number, 0], 5],
  initialSequenceId: [WRONG.number, 5],
  maxPendingMessages: [[...WRONG.number, 0], 5],
  maxPendingMessagesAcrossPartitions: [[...WRONG.number, 0], 5],
  blockIfQueueFull: [WRONG.flag, true],
  messageRoutingMode: [WRONG.choice, 'UseSinglePartition'],
  hashingScheme: [WRONG.choice, 'JavaStringHash'],
  compressionType: [WRONG.choice, 'LZ4'],
  batchingEnabled: [WRONG.flag, false],
  batchingType: [WRONG.choice, 'KeyBasedBatching'],
  batchingMaxPublishDelayMs: [[...WRONG.number, 0], 5],
  batchingMaxMessages: [[...WRONG.number, 0], 5],
  batchingMaxAllowedSizeInBytes: [[...WRONG.number, 0], 5],
  properties: [WRONG.object, { a: 'b' }],
  schema: [[undefined], { schemaType: 'String' }],
  accessMode: [WRONG.choice, 'Exclusive'],
};
const CONSUMER: Rows = {
  subscriptionType: [WRONG.choice, 'Shared'],
  subscriptionInitialPosition: [WRONG.choice, 'Earliest'],
  ackTimeoutMs: [[null, '5', true, {}], 10_000],
  nAckRedeliverTimeoutMs: [[null, '5', true, {}], 5000],
  receiverQueueSize: [WRONG.number, 5],
  properties: [WRONG.object, { a: 'b' }],
  listener: [WRONG.call, () => 0],
  readCompacted: [WRONG.flag, true],
  privateKeyPath: [WRONG.text, '/key'],
  cryptoKeyReader: [[null, undefined], reader],
  cryptoFailureAction: [WRONG.choice, 'CONSUME'],
  maxPendingChunkedMessage: [WRONG.number, 5],
  autoAckOldestChunkedMessageOnQueueFull: [WRONG.flag, true],
  schema: [[undefined], { schemaType: 'String' }],
  batchIndexAckEnabled: [WRONG.flag, true],
  batchReceivePolicy: [WRONG.object, { maxNumMessages: 5 }],
  replicateSubscriptionState: [WRONG.flag, true],
};
/** Options whose wrong values are refused, or that count only beside others; each has tests of its own. */
const ELSEWHERE =
  `topic topics topicsPattern subscription messageRouter publicKeyPath encryptionKey encryptionKeys cryptoKeyReader
  cryptoFailureAction chunkingEnabled consumerName receiverQueueSizeAcrossPartitions regexSubscriptionMode deadLetterPolicy
  keySharedPolicy`.split(/\s+/);

const TOPIC = parseTopicName('persistent://public/default/t');
const seen = (value: unknown): string =>
  JSON.stringify(value, (_, one) =>
    typeof one === 'function' ? 'function' : typeof one === 'bigint' ? String(one) : one,
  );
const producerOf = (options: object) => {
  const { topic, ...rest } = readProducerConfig({ topic: 't', ...options } as never);
  return seen([rest, topic(TOPIC, 1)]);
};
const consumerOf = (options: object) => {
  const { topic, ...rest } = readConsumerConfig({
    ...{ topic: 't', subscription: 's', consumerName: 'c' },
    ...options,
  } as never);
  return seen([rest, topic(TOPIC, 1, false)]);
};

const kinds = [
  ['ProducerConfig', PRODUCER, producerOf],
  ['ConsumerConfig', CONSUMER, consumerOf],
] as const;

describe.each(kinds)('%s', (interfaceName, rows, read) => {
  test.each(Object.entries(rows))(
    '%s: a wrong value leaves the default, a right one counts',
    (name, [wrong, right]) => {
      for (const value of wrong) expect([value, read({ [name]: value })]).toEqual([value, read({})]);
      expect(read({ [name]: right })).not.toBe(read({}));
    },
  );

  test('every option that npm pulsar-client declares is in the table, or has tests of its own', () => {
    const path = join(import.meta.dirname, '../../fixtures/pulsar-client-1.18/index.d.ts');
    const [, body = ''] =
      readFileSync(path, 'utf8').match(new RegExp(`export interface ${interfaceName} \\{([^]*?)\\n\\}`)) ?? [];
    const names = [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name as string);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !(name in rows) && !ELSEWHERE.includes(name))).toEqual([]);
  });
});

describe('nested options', () => {
  const shared = { subscriptionType: 'Shared' };
  const keyShared = { subscriptionType: 'KeyShared' };

  test.each(['5', null, -1, {}, true])('a redelivery count of %p is none', (maxRedeliverCount) => {
    expect(consumerOf({ ...shared, deadLetterPolicy: { maxRedeliverCount } })).toBe(consumerOf(shared));
  });

  test.each([null, 5, 'x', {}])('sticky ranges of %p are none', (stickyRanges) => {
    expect(consumerOf({ ...keyShared, keySharedPolicy: { stickyRanges } })).toBe(consumerOf(keyShared));
  });

  test.each([null, 5, 'x'])('a policy of %p is none', (policy) => {
    expect(consumerOf({ ...keyShared, keySharedPolicy: policy })).toBe(consumerOf(keyShared));
    expect(consumerOf({ ...shared, deadLetterPolicy: policy })).toBe(consumerOf(shared));
  });
});

test('the defaults are those of npm pulsar-client (PULSAR-WIRE 8.3 and 8.4)', () => {
  const producer = readProducerConfig({ topic: 't' });
  expect(producer).toMatchObject({ routingMode: 'RoundRobinDistribution', hashingScheme: 'BoostHash' });
  expect(producer.topic(TOPIC, 1)).toMatchObject({
    ...{ sendTimeoutMs: 30_000, maxPendingMessages: 1000, blockIfQueueFull: false, compression: 'NONE' },
    ...{ isChunking: false, accessMode: 0, properties: {} },
    batching: { maxMessages: 1000, maxBytes: 131_072, maxDelayMs: 10, isKeyBased: false },
  });
  expect(producer.topic(TOPIC, 100)).toMatchObject({ maxPendingMessages: 500 });
  const consumer = readConsumerConfig({ topic: 't', subscription: 's' });
  expect(consumer.batchReceive).toEqual({ maxMessages: -1, maxBytes: 10_485_760, timeoutMs: 100 });
  expect(consumer.topic(TOPIC, 1, false)).toMatchObject({
    ...{
      subscriptionType: 0,
      initialPosition: 0,
      ackTimeoutMs: 0,
      negativeAckDelayMs: 60_000,
      receiverQueueSize: 1000,
    },
    ...{ isReadCompacted: false, isReplicated: false, isBatchIndexAck: false, cryptoFailureAction: 'FAIL' },
    ...{ maxPendingChunkedMessages: 10, isOldestChunkedAcked: false },
  });
  expect(consumer.topic(TOPIC, 100, false)).toMatchObject({ receiverQueueSize: 500 });
});
