import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readClientConfig } from '../../../src/pulsar/client/client-config.ts';
import { readConsumerConfig } from '../../../src/pulsar/client/consumer-config.ts';
import { readProducerConfig } from '../../../src/pulsar/client/producer-config.ts';
import { outgoingMessage } from '../../../src/pulsar/client/producer-message.ts';
import { readReaderConfig } from '../../../src/pulsar/client/reader.ts';
import { MessageId } from '../../../src/pulsar/index.ts';
import { parseTopicName } from '../../../src/pulsar/protocol/topic-name.ts';

// Every option of npm pulsar-client's clients, producers, consumers, readers and messages: a wrong value leaves its default, a right one counts.

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
const READER: Rows = {
  receiverQueueSize: [WRONG.number, 5],
  readerName: [WRONG.text, 'me'],
  subscriptionRolePrefix: [WRONG.text, 'role'],
  readCompacted: [WRONG.flag, true],
  privateKeyPath: [WRONG.text, '/key'],
  cryptoFailureAction: [WRONG.choice, 'CONSUME'],
};
const CLIENT: Rows = {
  operationTimeoutSeconds: [[...WRONG.number, 0], 5],
  concurrentLookupRequest: [[...WRONG.number, 0], 5],
  tlsTrustCertsFilePath: [WRONG.text, '/pem'],
  tlsCertificateFilePath: [WRONG.text, '/pem'],
  tlsPrivateKeyFilePath: [WRONG.text, '/pem'],
  tlsValidateHostname: [WRONG.flag, true],
  tlsAllowInsecureConnection: [WRONG.flag, true],
  statsIntervalInSeconds: [WRONG.number, 0],
  listenerName: [WRONG.text, 'outside'],
  log: [WRONG.call, () => 0],
  logLevel: [WRONG.number, 3],
  connectionTimeoutMs: [[...WRONG.number, 0], 5],
};
const MESSAGE: Rows = {
  data: [[undefined, 5, 'x', true, {}, [1]], Buffer.from('x')],
  properties: [[null, false, ''], { a: 'b' }],
  eventTimestamp: [[...WRONG.number, 0], 5],
  sequenceId: [WRONG.number, 5],
  partitionKey: [[null, 5, {}], 'key'],
  orderingKey: [[null, 5, {}], 'key'],
  replicationClusters: [WRONG.list, ['west']],
  deliverAfter: [WRONG.number, 5],
  deliverAt: [WRONG.number, 5],
  disableReplication: [[...WRONG.flag, false], true],
};
/** Options whose wrong values are refused, or that count only beside others; each has tests of its own. */
const ELSEWHERE =
  `topic topics topicsPattern subscription messageRouter publicKeyPath encryptionKey encryptionKeys cryptoKeyReader
  cryptoFailureAction chunkingEnabled consumerName receiverQueueSizeAcrossPartitions regexSubscriptionMode deadLetterPolicy
  keySharedPolicy startMessageId listener authentication ioThreads messageListenerThreads`.split(/\s+/);

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

const readerOf = (options: object) => {
  const startMessageId = MessageId.earliest();
  const { subscription, consumerName, ...rest } = readReaderConfig({ topic: 't', startMessageId, ...options })(
    TOPIC,
    1,
    false,
  );
  const ours = (name: string) => name.replace(/[0-9a-f]{10}$/, 'random');
  return seen([ours(subscription), ours(consumerName), rest]);
};
const clientOf = (options: object) => seen(readClientConfig({ serviceUrl: 'pulsar://a', ...options }));
const messageOf = (options: object) => seen(outgoingMessage({ data: Buffer.alloc(0), ...options }));

const kinds = [
  ['ProducerConfig', PRODUCER, producerOf],
  ['ConsumerConfig', CONSUMER, consumerOf],
  ['ReaderConfig', READER, readerOf],
  ['ClientConfigBase', CLIENT, clientOf],
  ['ProducerMessage', MESSAGE, messageOf],
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
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !(name in rows) && !ELSEWHERE.includes(name))).toEqual([]);
  });
});

describe('nested options', () => {
  const shared = { subscriptionType: 'Shared' };
  const keyShared = { subscriptionType: 'KeyShared' };

  test.each(['5', null, -1, {}, true])('a redelivery count of %p is none', (maxRedeliverCount) => {
    expect(consumerOf({ ...shared, deadLetterPolicy: { maxRedeliverCount } })).toBe(consumerOf(shared));
  });

  test.each([null, 5, {}, ''])('names of %p in a policy of dead letters are none', (wrong) => {
    const of = (rest: object) => consumerOf({ ...shared, deadLetterPolicy: { maxRedeliverCount: 5, ...rest } });
    expect(of({ deadLetterTopic: wrong, initialSubscriptionName: wrong })).toBe(of({}));
    expect(of({ deadLetterTopic: 'dlq' })).not.toBe(of({}));
  });

  test.each([null, 5, 'x', {}])('sticky ranges of %p are none', (stickyRanges) => {
    expect(consumerOf({ ...keyShared, keySharedPolicy: { stickyRanges } })).toBe(consumerOf(keyShared));
  });

  test.each([Number.NaN, '5', null, {}])('a limit of a batch of %p is none', (wrong) => {
    const of = (batchReceivePolicy: object) => consumerOf({ batchReceivePolicy });
    expect(of({ maxNumMessages: wrong, maxNumBytes: wrong, timeoutMs: 5 })).toBe(of({ timeoutMs: 5 }));
    expect(of({ maxNumMessages: 5, timeoutMs: wrong })).toBe(of({ maxNumMessages: 5 }));
    expect(() => of({ maxNumMessages: wrong })).toThrow('At least one of maxNumMessages');
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

test('the defaults of clients and readers are those of npm pulsar-client (PULSAR-WIRE 8.2 and 8.5)', () => {
  expect(readClientConfig({ serviceUrl: 'pulsar://a' })).toMatchObject({
    ...{ operationTimeoutMs: 30_000, connectionTimeoutMs: 10_000, maxLookups: 50_000, statsIntervalMs: 600_000 },
    ...{ logLevel: 1, log: undefined, listenerName: undefined, keepAliveMs: 30_000 },
    ...{ checkIntervalMs: 5000, failoverThreshold: 1, switchBackThreshold: 1 },
    services: [{ tls: { validateHostname: false, allowInsecureConnection: false } }],
  });
  const reader = readReaderConfig({ topic: 't', startMessageId: MessageId.latest() })(TOPIC, 1, false);
  expect(reader).toMatchObject({
    ...{ receiverQueueSize: 1000, isDurable: false, isReadCompacted: false, isStartInclusive: false },
    ...{ keyReader: undefined, cryptoFailureAction: 'FAIL', startMessageId: MessageId.latest().parts },
  });
  expect(reader.subscription).toMatch(/^reader-/);
});

test('sizes of thread pools are taken and mean nothing', () => {
  for (const value of [4, 0, 'x']) {
    expect(clientOf({ ioThreads: value, messageListenerThreads: value })).toBe(clientOf({}));
  }
});

test('credentials of another kind are refused: they would not be sent', () => {
  for (const authentication of ['token', 5, true, {}, { binding: {} }]) {
    expect(() => clientOf({ authentication })).toThrow('authentication must be an object of one of the Authentication');
  }
  for (const authentication of [null, undefined]) expect(clientOf({ authentication })).toBe(clientOf({}));
});

test.each([undefined, {}, { topic: 5 }, { startMessageId: MessageId.latest() }])(
  'a reader of %p needs a topic',
  (config) => {
    const message = 'Topic is required and must be specified as a string when creating reader';
    expect(() => readReaderConfig(config as never)).toThrow(message);
  },
);

test.each([undefined, null, 5, 'earliest', {}, Buffer.alloc(4)])('a reader cannot begin at %p', (startMessageId) => {
  const message = 'StartMessageId is required and must be specified as a MessageId object when creating reader';
  expect(() => readReaderConfig({ topic: 't', startMessageId } as never)).toThrow(message);
});

describe('a message', () => {
  test('may bring its bytes in any view of memory, which npm pulsar-client takes for a buffer', () => {
    const memory = new Uint8Array([1, 2, 3, 4]);
    const views = [memory.subarray(1, 3), new DataView(memory.buffer, 1, 2), Buffer.from([2, 3])];
    for (const data of views) expect(messageOf({ data })).toBe(messageOf({ data: Buffer.from([2, 3]) }));
    expect(outgoingMessage({ data: null }).value).toBeNull();
  });

  test('has properties of text: other values become text', () => {
    expect(outgoingMessage({ data: null, properties: { a: 1, b: null } as never }).properties).toEqual({
      a: '1',
      b: 'null',
    });
    expect(outgoingMessage({ data: null, properties: 5 as never }).properties).toEqual({});
  });

  test('goes nowhere else with an empty list of clusters, or without replication; names become text', () => {
    const replicateTo = (options: object) => outgoingMessage({ data: null, ...options }).replicateTo;
    expect(replicateTo({ replicationClusters: [] })).toEqual(['__local__']);
    expect(replicateTo({ disableReplication: true, replicationClusters: ['west'] })).toEqual(['__local__']);
    expect(replicateTo({ replicationClusters: [5, 'west'] })).toEqual(['5', 'west']);
  });

  test('is delivered at a time rather than after one, and an empty key is a key', () => {
    expect(outgoingMessage({ data: null, deliverAt: 5, deliverAfter: 10_000 }).deliverAtMs).toBe(5);
    expect(outgoingMessage({ data: null, deliverAt: -1 }).deliverAtMs).toBeUndefined();
    expect(outgoingMessage({ data: null, partitionKey: '' }).key).toBe('');
    expect(outgoingMessage({ data: null, orderingKey: '' }).orderingKey).toEqual(Buffer.alloc(0));
  });
});

test('a message id is read from any view of memory, and from nothing else', () => {
  const id = new MessageId({ ledgerId: 7, entryId: 8, partition: 2, batchIndex: 3, batchSize: 5 });
  for (const data of [id.serialize(), new Uint8Array(id.serialize())]) {
    expect(String(MessageId.deserialize(data))).toBe('(7,8,2,3)');
  }
  for (const wrong of [undefined, null, 5, 'x', {}, [8, 1]]) {
    expect(() => MessageId.deserialize(wrong as never)).toThrow('Expected buffer as first argument');
  }
  for (const broken of [Buffer.alloc(0), Buffer.from([255]), Buffer.from('no id')]) {
    expect(() => MessageId.deserialize(broken)).toThrow();
  }
});
