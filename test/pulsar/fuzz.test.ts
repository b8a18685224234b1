import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeEntry } from '../../src/pulsar/client/decode-entry.ts';
import { Client, MessageId, type Producer, PulsarError } from '../../src/pulsar/index.ts';
import { commands } from '../../src/pulsar/protocol/commands.ts';
import { type CommandName, encodePayload, MessageMetadata } from '../../src/pulsar/protocol/index.ts';
import { type ScriptedBroker, startScriptedBroker } from './kit/scripted-broker.ts';
import { messageArbitrary } from './protocol/arbitraries.ts';

const TOPIC = 'persistent://public/default/t';
let unhandled: unknown[] = [];
const onUnhandled = (error: unknown) => unhandled.push(error);
let cleanups: (() => unknown)[] = [];
beforeEach(() => {
  unhandled = [];
  process.on('unhandledRejection', onUnhandled);
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((value) => Buffer.from(value));

test('an entry with any metadata and payload is messages, a chunk, corrupt or encrypted, and never more than was allowed', () => {
  const command = { consumerId: 1, messageId: { ledgerId: 1, entryId: 1, ackSet: [] }, ackSet: [] };
  const metadata = messageArbitrary(MessageMetadata).map((value) => MessageMetadata.encode(value as never));
  const entry = fc.oneof(
    fc.tuple(metadata, bytes(200)).map(([head, payload]) => encodePayload(head, payload)),
    fc.tuple(bytes(40), bytes(200)).map(([head, payload]) => encodePayload(head, payload)),
    bytes(200),
  );
  fc.assert(
    fc.property(entry, (headersAndPayload) => {
      const decoded = decodeEntry(command as never, headersAndPayload, { topic: TOPIC, maxUncompressedBytes: 1000 });
      expect(['messages', 'chunk', 'corrupt', 'encrypted']).toContain(decoded.kind);
      if (decoded.kind !== 'messages') return;
      const total = decoded.messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
      expect(total).toBeLessThanOrEqual(1000);
    }),
    { numRuns: 2000 },
  );
});

async function startBroker(): Promise<ScriptedBroker> {
  let entryId = 0;
  const broker = await startScriptedBroker({
    SEND: ({ producerId, sequenceId, highestSequenceId }, peer) =>
      peer.send('SEND_RECEIPT', {
        producerId,
        sequenceId,
        highestSequenceId,
        messageId: { ledgerId: 1, entryId: ++entryId },
      }),
    GET_LAST_MESSAGE_ID: ({ requestId }, peer) =>
      peer.send('GET_LAST_MESSAGE_ID_RESPONSE', { requestId, lastMessageId: { ledgerId: 1, entryId: 1 } }),
  });
  cleanups.push(() => broker.stop());
  return broker;
}

function clientOf({ serviceUrl }: ScriptedBroker): Client {
  const client = new Client({ serviceUrl, log: () => undefined, operationTimeoutSeconds: 5 });
  cleanups.push(() => client.close().catch(() => undefined));
  return client;
}

const FROM_BROKERS = (Object.keys(commands) as CommandName[]).filter((name) => name !== 'CONNECT');
/** Ids that the client may really have given. */
const smallIds = { requestId: fc.nat(12), producerId: fc.nat(3), consumerId: fc.nat(3) };

/** Any command, most likely for a request, producer or consumer that exists. */
const anyCommand = fc.constantFrom(...FROM_BROKERS).chain((name) =>
  fc.tuple(fc.constant(name), messageArbitrary(commands[name].body), fc.record(smallIds)).map(([type, fields, ids]) => {
    const known = Object.entries(ids).filter(([key]) => Object.hasOwn(fields, key));
    return { type, fields: { ...fields, ...Object.fromEntries(known) } };
  }),
);

test('a broker that says anything at any time is survived: the next producer works', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(anyCommand, bytes(60)), { maxLength: 12 }), async (says) => {
      const broker = await startBroker();
      const client = clientOf(broker);
      const producer = await client.createProducer({ topic: TOPIC });
      const consumer = await client.subscribe({ topic: TOPIC, subscription: 's' });
      const received = consumer.receive(50).catch((error: PulsarError) => error);
      const [peer] = broker.peers;
      for (const one of says) {
        if (Buffer.isBuffer(one)) peer?.socket.write(one);
        else if (one.type === 'MESSAGE') peer?.deliver(one.fields as never, {}, Buffer.from('x'));
        else peer?.send(one.type, one.fields as never);
      }
      producer.send({ data: Buffer.from('x') }).catch(() => undefined);
      await received;
      const next: Producer = await clientOf(broker).createProducer({ topic: TOPIC });
      expect((await next.send({ data: Buffer.from('x') })).parts.ledgerId).toBe(1);
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    }),
    { numRuns: 60 },
  );
}, 360_000);

/** Junk of every type, and values near what is right. */
const junk = fc.oneof(
  fc.constantFrom(undefined, null, true, false, 0, -1, 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '', 'x', [], {}),
  fc.constantFrom('Shared', 'Exclusive', 'LZ4', 'KeyBasedBatching', 'CustomPartition', 'KeyShared', 'FAIL', 'Earliest'),
  fc.constantFrom(
    () => 0,
    () => {
      throw new Error('a callback of the user');
    },
    [{ start: 5, end: 1 }],
    { keyShareMode: 'Sticky' },
  ),
  fc.anything(),
);
const options = (names: readonly string[]) => fc.dictionary(fc.constantFrom(...names), junk, { maxKeys: 4 });

const PRODUCER = `producerName sendTimeoutMs initialSequenceId maxPendingMessages maxPendingMessagesAcrossPartitions
  blockIfQueueFull messageRoutingMode messageRouter hashingScheme compressionType batchingEnabled batchingType
  batchingMaxPublishDelayMs batchingMaxMessages batchingMaxAllowedSizeInBytes chunkingEnabled properties schema accessMode
  publicKeyPath encryptionKey encryptionKeys cryptoKeyReader cryptoFailureAction topic`.split(/\s+/);
const CONSUMER = `topic topics topicsPattern subscription subscriptionType subscriptionInitialPosition ackTimeoutMs
  nAckRedeliverTimeoutMs receiverQueueSize receiverQueueSizeAcrossPartitions consumerName properties listener readCompacted
  privateKeyPath cryptoKeyReader cryptoFailureAction maxPendingChunkedMessage autoAckOldestChunkedMessageOnQueueFull schema
  batchIndexAckEnabled regexSubscriptionMode deadLetterPolicy batchReceivePolicy keySharedPolicy
  replicateSubscriptionState`.split(/\s+/);
const READER =
  `topic startMessageId receiverQueueSize readerName subscriptionRolePrefix readCompacted listener privateKeyPath
  cryptoFailureAction`.split(/\s+/);
const MESSAGE =
  `data properties eventTimestamp sequenceId partitionKey orderingKey replicationClusters deliverAfter deliverAt
  disableReplication`.split(/\s+/);
const CLIENT = `serviceUrl serviceUrlProvider authentication operationTimeoutSeconds ioThreads messageListenerThreads
  concurrentLookupRequest tlsTrustCertsFilePath tlsCertificateFilePath tlsPrivateKeyFilePath tlsValidateHostname
  tlsAllowInsecureConnection statsIntervalInSeconds listenerName log logLevel connectionTimeoutMs`.split(/\s+/);

/** Waits for what a user would get; anything thrown must be one of our errors. */
async function outcome<T extends { close(): Promise<null> }>(work: () => Promise<T>): Promise<void> {
  try {
    await (await work()).close();
  } catch (error) {
    if (!(error instanceof PulsarError)) throw error;
    expect(error.message).not.toBe('');
  }
}

test('whatever the options are, there is an object or a PulsarError, and nothing stays open', async () => {
  const any = fc.record({
    producer: options(PRODUCER),
    consumer: options(CONSUMER),
    reader: options(READER),
    message: options(MESSAGE),
  });
  await fc.assert(
    fc.asyncProperty(any, async ({ producer, consumer, reader, message }) => {
      const broker = await startBroker();
      const client = clientOf(broker);
      await outcome(() => client.createProducer({ topic: TOPIC, ...producer } as never));
      await outcome(() => client.subscribe({ topic: TOPIC, subscription: 's', ...consumer } as never));
      await outcome(() =>
        client.createReader({ topic: TOPIC, startMessageId: MessageId.earliest(), ...reader } as never),
      );
      await outcome(async () => {
        const sender = await client.createProducer({ topic: TOPIC });
        await sender.send({ data: Buffer.from('x'), ...message } as never);
        return sender;
      });
      await client.close();
      await new Promise((resolve) => setImmediate(resolve));
      const counts = (type: CommandName) => broker.of(type as 'PRODUCER').length;
      expect(counts('CLOSE_PRODUCER')).toBe(counts('PRODUCER'));
      expect(counts('CLOSE_CONSUMER')).toBe(counts('SUBSCRIBE'));
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    }),
    { numRuns: 100 },
  );
}, 360_000);

test('whatever the options of a client are, it is made or refused by a PulsarError', () => {
  fc.assert(
    fc.property(options(CLIENT), fc.boolean(), (config, hasUrl) => {
      try {
        const client = new Client({ ...(hasUrl && { serviceUrl: 'pulsar://a' }), ...config } as never);
        client.close().catch(() => undefined);
      } catch (error) {
        if (!(error instanceof PulsarError)) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});
