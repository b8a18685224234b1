import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  AckType,
  type CommandFields,
  CompressionType,
  encodeBatch,
  ServerError,
} from '../../../src/pulsar/protocol/index.ts';
import {
  type IncomingMessage,
  type MessageIdParts,
  openSession,
  type PulsarSession,
  type SessionOptions,
} from '../../../src/pulsar/session.ts';
import { type Peer, type Script, type ScriptedBroker, startScriptedBroker } from '../kit/scripted-broker.ts';

const topic = 'persistent://public/default/t';
const subscription = {
  topic,
  subscription: 's',
  subscriptionType: 'Shared',
  initialPosition: 'Earliest',
  receiverQueueSize: 10,
} as const;
const soon = { maxMessages: 100, lingerMs: 0, waitMs: 5_000 };
const one = (sequenceId: number) => [{ value: Buffer.from(String(sequenceId)), sequenceId }];

let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

async function start(
  script: Script,
  options: Partial<SessionOptions> = {},
): Promise<{ broker: ScriptedBroker; session: PulsarSession; peer: Peer }> {
  const broker = await startScriptedBroker(script);
  const session = await openSession({ serviceUrl: broker.serviceUrl, ...options });
  cleanups.push(
    () => broker.stop(),
    () => session.destroy(),
  );
  return { broker, session, peer: broker.peers[0] as Peer };
}

function consumerIdOf(broker: ScriptedBroker): number {
  return broker.of('SUBSCRIBE')[0]?.consumerId as number;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('a refused entry that was alone on its way leaves the producer usable', async () => {
  let count = 0;
  const { session } = await start({
    SEND: ({ producerId, sequenceId }, peer) => {
      if (count++ === 0) {
        peer.send('SEND_ERROR', {
          producerId,
          sequenceId,
          error: ServerError.PersistenceError,
          message: 'Cannot determine',
        });
      } else peer.send('SEND_RECEIPT', { producerId, sequenceId, messageId: { ledgerId: -1, entryId: -1 } });
    },
  });
  const producer = await session.producer({ topic });
  await expect(producer.sendEntry(one(7))).rejects.toMatchObject({ code: 'PersistenceError' });
  expect(await producer.sendEntry(one(7))).toEqual({ messageId: null, lowestSequenceId: 7, highestSequenceId: 7 });
});

test('a refused entry with others on their way ends the session: it may have left a gap (rule 3)', async () => {
  const { session } = await start({
    SEND: ({ producerId, sequenceId }, peer) => {
      if (sequenceId === 2)
        peer.send('SEND_ERROR', { producerId, sequenceId, error: ServerError.NotAllowedError, message: 'no' });
    },
  });
  const producer = await session.producer({ topic });
  const results = await Promise.allSettled([1, 2, 3].map((sequenceId) => producer.sendEntry(one(sequenceId))));
  const codes = results.map((result) => (result.status === 'rejected' ? result.reason.code : 'stored'));
  expect(codes).toEqual(['Disconnected', 'NotAllowedError', 'Disconnected']);
  expect(await session.closed).toMatchObject({ code: 'NotAllowedError' });
});

test('a refusal of a batch names its highest sequence id', async () => {
  const { broker, session } = await start({
    SEND: ({ producerId, highestSequenceId }, peer) =>
      peer.send('SEND_ERROR', {
        producerId,
        sequenceId: highestSequenceId as number,
        error: ServerError.ChecksumError,
        message: 'bad',
      }),
  });
  const producer = await session.producer({ topic });
  await expect(producer.sendEntry([...one(3), ...one(9)])).rejects.toMatchObject({ code: 'ChecksumError' });
  expect(broker.of('SEND')).toMatchObject([{ sequenceId: 3, highestSequenceId: 9, numMessages: 2 }]);
});

test('a receipt out of turn ends the session (rule 3)', async () => {
  const { session } = await start({
    SEND: ({ producerId, sequenceId }, peer) => {
      if (sequenceId === 2)
        peer.send('SEND_RECEIPT', { producerId, sequenceId, messageId: { ledgerId: 1, entryId: 1 } });
    },
  });
  const producer = await session.producer({ topic });
  const sends = Promise.allSettled([producer.sendEntry(one(1)), producer.sendEntry(one(2))]);
  expect(await session.closed).toMatchObject({ code: 'ProtocolError' });
  expect(await sends).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
});

test('a producer whose registration timed out is closed at the broker', async () => {
  const { broker, session } = await start({ PRODUCER: () => undefined }, { operationTimeoutMs: 30 });
  await expect(session.producer({ topic })).rejects.toMatchObject({ code: 'TimeOut' });
  await until(() => broker.of('CLOSE_PRODUCER').length === 1);
});

const spoilChecksum = (entry: Buffer) => {
  entry[entry.length - 1] = (entry[entry.length - 1] as number) ^ 1;
};

test('entries that cannot be read are handed on with the reason and their bytes, and do not end the session', async () => {
  const { broker, session, peer } = await start({});
  const consumer = await session.consumer(subscription);
  const consumerId = consumerIdOf(broker);
  const at = (entryId: number) => ({ consumerId, messageId: { ledgerId: 1, entryId } });
  const text = Buffer.from('text');
  peer.deliver(at(0), {}, text, spoilChecksum);
  peer.deliver(at(1), { compression: CompressionType.ZSTD, uncompressedSize: 4 }, text);
  peer.deliver(at(2), { numMessagesInBatch: 5 }, encodeBatch([{ metadata: {}, payload: text }]));
  peer.deliver(at(3), { compression: CompressionType.LZ4, uncompressedSize: 2 ** 31 }, text);
  peer.deliver(at(4), { encryptionKeys: [{ key: 'k', value: Buffer.from('v') }] }, text);
  peer.deliver(at(5), {}, text);
  const messages: IncomingMessage[] = [];
  while (messages.length < 6) messages.push(...(await consumer.receiveBatch(soon)));
  expect(messages.map(({ unreadable, messageId }) => [unreadable, messageId.entryId, messageId.batchIndex])).toEqual([
    ['ChecksumMismatch', 0, -1],
    ['DecompressionError', 1, -1],
    ['BatchDeSerializeError', 2, -1],
    ['UncompressedSizeCorruption', 3, -1],
    ['it is encrypted, and sessions have no keys', 4, -1],
    [undefined, 5, -1],
  ]);
  expect(
    messages
      .slice(1)
      .filter(({ messageId }) => messageId.entryId !== 2)
      .every(({ value }) => value?.equals(text)),
  ).toBe(true);
  expect(broker.of('ACK')).toEqual([]);
  await consumer.ackIndividual(messages.map(({ messageId }) => messageId));
  await until(() => broker.of('ACK').length === 1);
  expect(broker.of('ACK')[0]?.messageId.map(({ entryId }) => entryId)).toEqual([0, 1, 2, 3, 4, 5]);
  const permits = broker.of('FLOW').map(({ messagePermits }) => messagePermits);
  expect(permits.reduce((sum, one) => sum + one)).toBeGreaterThanOrEqual(10 + 10 - 5);
});

/** The chunks of a message of three, as the broker delivers them. */
function chunksOf(uuid: string, text: string) {
  const third = Math.ceil(text.length / 3);
  return [0, 1, 2].map((chunkId) => ({
    metadata: { uuid, chunkId, numChunksFromMsg: 3, totalChunkMsgSize: text.length },
    payload: Buffer.from(text.slice(chunkId * third, (chunkId + 1) * third)),
  }));
}

describe('chunked messages in a session', () => {
  async function receiving(subscriptionType: 'Shared' | 'Exclusive' = 'Shared') {
    const { broker, session, peer } = await start({});
    const consumer = await session.consumer({ ...subscription, subscriptionType });
    const consumerId = consumerIdOf(broker);
    const deliver = (entryId: number, part: ReturnType<typeof chunksOf>[number] | undefined, publishTime = 1) => {
      const { metadata, payload } = part ?? { metadata: {}, payload: Buffer.from('plain') };
      peer.deliver({ consumerId, messageId: { ledgerId: 1, entryId } }, { ...metadata, publishTime }, payload);
    };
    return { broker, consumer, deliver };
  }
  const acked = (broker: ScriptedBroker) =>
    broker
      .of('ACK')
      .map(({ ackType, messageId }: CommandFields<'ACK'>) => [ackType, ...messageId.map(({ entryId }) => entryId)]);

  test('interleaved ones are put together; what is acknowledged never passes the beginning of an incomplete one', async () => {
    const { broker, consumer, deliver } = await receiving('Exclusive');
    const [a, b] = [chunksOf('a', 'first message'), chunksOf('b', 'second message')];
    deliver(0, undefined);
    for (const [entryId, part] of [a[0], b[0], a[1], b[1], b[2]].entries()) deliver(entryId + 1, part);
    const messages: IncomingMessage[] = [];
    while (messages.length < 2) messages.push(...(await consumer.receiveBatch(soon)));
    expect(messages.map(({ value, messageId }) => [String(value), messageId.entryId])).toEqual([
      ['plain', 0],
      ['second message', 5],
    ]);
    await consumer.ackCumulative(messages[1]?.messageId as MessageIdParts);
    await until(() => broker.of('ACK').length === 1);
    expect(acked(broker)).toEqual([[AckType.Cumulative, 0]]);
    deliver(6, a[2]);
    const [last] = await consumer.receiveBatch(soon);
    expect(String(last?.value)).toBe('first message');
    expect(last?.messageId).toMatchObject({ entryId: 6, firstChunk: { entryId: 1 } });
    await consumer.ackCumulative(last?.messageId as MessageIdParts);
    await until(() => broker.of('ACK').length === 2);
    expect(acked(broker)).toEqual([
      [AckType.Cumulative, 0],
      [AckType.Cumulative, 6],
    ]);
  });

  test('an individual acknowledgement covers all chunks', async () => {
    const { broker, consumer, deliver } = await receiving();
    for (const [entryId, part] of chunksOf('a', 'message').entries()) deliver(entryId, part);
    const [message] = await consumer.receiveBatch(soon);
    await consumer.ackIndividual([message?.messageId as MessageIdParts]);
    await until(() => broker.of('ACK').length === 1);
    expect(acked(broker)).toEqual([[AckType.Individual, 0, 1, 2]]);
  });

  test('on Shared they are put together in whatever order the chunks come', async () => {
    const { broker, consumer, deliver } = await receiving();
    const parts = chunksOf('a', 'message');
    for (const at of [2, 0, 1]) deliver(at, parts[at]);
    const [message] = await consumer.receiveBatch(soon);
    expect([String(message?.value), message?.unreadable]).toEqual(['message', undefined]);
    expect(message?.messageId).toMatchObject({ entryId: 2, firstChunk: { entryId: 0 } });
    await consumer.ackIndividual([message?.messageId as MessageIdParts]);
    await until(() => broker.of('ACK').length === 1);
    expect(acked(broker)).toEqual([[AckType.Individual, 0, 1, 2]]);
  });

  test('on Shared one of which a chunk never comes is handed on as unreadable after a minute', async () => {
    const { broker, consumer, deliver } = await receiving();
    const parts = chunksOf('a', 'message');
    deliver(2, parts[2]);
    deliver(1, parts[1]);
    deliver(3, undefined);
    expect(String((await consumer.receiveBatch(soon))[0]?.value)).toBe('plain');
    const beganMs = performance.now();
    jest.spyOn(performance, 'now').mockReturnValue(beganMs + 61_000);
    deliver(4, undefined, 61_000);
    const messages: IncomingMessage[] = [];
    while (messages.length < 2) messages.push(...(await consumer.receiveBatch(soon)));
    jest.restoreAllMocks();
    const [, unreadable] = messages;
    expect([unreadable?.unreadable, unreadable?.messageId.entryId]).toEqual(['chunks of it are missing', 2]);
    await consumer.ackIndividual([unreadable?.messageId as MessageIdParts]);
    await until(() => broker.of('ACK').length === 1);
    expect(acked(broker)).toEqual([[AckType.Individual, 1, 2]]);
  });

  test('one whose beginning is missing is handed on as unreadable with its last chunk', async () => {
    const { broker, consumer, deliver } = await receiving('Exclusive');
    const parts = chunksOf('a', 'message');
    deliver(1, parts[1]);
    deliver(2, parts[2]);
    const [message] = await consumer.receiveBatch(soon);
    expect([message?.unreadable, message?.messageId.entryId]).toEqual(['chunks of it are missing', 2]);
    await consumer.ackIndividual([message?.messageId as MessageIdParts]);
    await until(() => broker.of('ACK').length === 1);
    expect(acked(broker)).toEqual([[AckType.Individual, 1, 2]]);
  });

  test('a chunk that was stored twice is acknowledged and left out', async () => {
    const { broker, consumer, deliver } = await receiving();
    const parts = chunksOf('a', 'message');
    for (const [entryId, part] of [parts[0], parts[1], parts[1], parts[2]].entries()) deliver(entryId, part);
    const [message] = await consumer.receiveBatch(soon);
    expect(String(message?.value)).toBe('message');
    await until(() => broker.of('ACK').length === 1);
    expect(acked(broker)).toEqual([[AckType.Individual, 2]]);
  });
});

test('messages that the broker has as acknowledged are left out and cost no permits', async () => {
  const { broker, session, peer } = await start({});
  const consumer = await session.consumer({ ...subscription, receiverQueueSize: 2 });
  const consumerId = consumerIdOf(broker);
  const batch = encodeBatch(
    [0, 1, 2, 3].map((i) => ({ metadata: { sequenceId: i }, payload: Buffer.from(String(i)) })),
  );
  const messageId = { ledgerId: 1, entryId: 0 };
  peer.deliver({ consumerId, messageId, ackSet: [0b1010n] }, { numMessagesInBatch: 4 }, batch);
  const messages = await consumer.receiveBatch(soon);
  expect(messages.map(({ sequenceId }) => sequenceId)).toEqual([1, 3]);
  await consumer.ackIndividual(messages.map((message) => message.messageId));
  await until(() => broker.of('ACK').length === 1);
  expect(broker.of('ACK')[0]?.messageId).toMatchObject([messageId]);
  expect(broker.of('FLOW').map(({ messagePermits }) => messagePermits)).toEqual([2, 2]);
});

test('an acknowledgement that the broker refuses rejects when waited for', async () => {
  const { session } = await start({
    ACK: ({ consumerId, requestId }, peer) =>
      peer.send('ACK_RESPONSE', { consumerId, requestId, error: ServerError.NotAllowedError, message: 'no' }),
  });
  const consumer = await session.consumer(subscription);
  const id = { ledgerId: 1, entryId: 1, batchIndex: -1 };
  await expect(consumer.ackIndividual([id], { wait: true })).rejects.toMatchObject({ code: 'NotAllowedError' });
  await consumer.ackIndividual([id]);
});
