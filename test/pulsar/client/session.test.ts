import { afterEach, expect, test } from '@jest/globals';
import { openSession, type PulsarSession, type SessionOptions } from '../../../src/pulsar/index.ts';
import { CompressionType, encodeBatch, ServerError, ValidationError } from '../../../src/pulsar/protocol/index.ts';
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

test('a refused entry with others on their way ends the session: it may have left a gap', async () => {
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

test('a receipt out of turn ends the session', async () => {
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

test('entries that cannot be read are discarded with their reason, surfaced, and their permits returned', async () => {
  const corrupt: unknown[] = [];
  const { broker, session, peer } = await start(
    {},
    { onCorrupt: ({ reason, messageId }) => corrupt.push([reason, messageId.entryId]) },
  );
  const consumer = await session.consumer(subscription);
  const consumerId = consumerIdOf(broker);
  const at = (entryId: number) => ({ consumerId, messageId: { ledgerId: 1, entryId } });
  const text = Buffer.from('text');
  peer.deliver(at(0), {}, text, spoilChecksum);
  peer.deliver(at(1), { compression: CompressionType.ZSTD, uncompressedSize: 4 }, text);
  peer.deliver(at(2), { numMessagesInBatch: 5 }, encodeBatch([{ metadata: {}, payload: text }]));
  peer.deliver(at(3), { compression: CompressionType.LZ4, uncompressedSize: 2 ** 31 }, text);
  peer.deliver(at(4), {}, text);
  const [message] = await consumer.receiveBatch(soon);
  expect(message?.messageId.entryId).toBe(4);
  const expected = [
    ['ChecksumMismatch', 0],
    ['DecompressionError', 1],
    ['BatchDeSerializeError', 2],
    ['UncompressedSizeCorruption', 3],
  ] as const;
  expect(corrupt).toEqual(expected);
  await until(() => broker.of('ACK').length === 4);
  expect(broker.of('ACK').map((ack) => [ack.validationError, ack.messageId[0]?.entryId])).toEqual(
    expected.map(([reason, entryId]) => [ValidationError[reason], entryId]),
  );
  expect(broker.of('FLOW').map(({ messagePermits }) => messagePermits)).toEqual([10, 7]);
});

test('without onCorrupt an entry that cannot be read ends the session and is not acknowledged', async () => {
  const { broker, session, peer } = await start({});
  await session.consumer(subscription);
  const consumerId = consumerIdOf(broker);
  peer.deliver({ consumerId, messageId: { ledgerId: 1, entryId: 0 } }, {}, Buffer.from('text'), spoilChecksum);
  expect(await session.closed).toMatchObject({ code: 'CorruptEntry' });
  expect(broker.of('ACK')).toEqual([]);
});

test.each([
  ['an encrypted entry', { encryptionKeys: [{ key: 'k', value: Buffer.from('v') }] }, 'CryptoError'],
  ['a chunk', { numChunksFromMsg: 2, chunkId: 0, uuid: 'u' }, 'OperationNotSupported'],
])('%s ends the session, as it cannot be delivered', async (_, metadata, code) => {
  const { broker, session, peer } = await start({});
  await session.consumer(subscription);
  const consumerId = consumerIdOf(broker);
  peer.deliver({ consumerId, messageId: { ledgerId: 1, entryId: 0 } }, metadata, Buffer.from('text'));
  expect(await session.closed).toMatchObject({ code });
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
