import { afterEach, expect, test } from '@jest/globals';
import { BatchMemory } from '../../../src/pulsar/client/batch-memory.ts';
import { Client, type Producer } from '../../../src/pulsar/index.ts';
import { type Script, startScriptedBroker } from '../kit/scripted-broker.ts';

const KIB = 1024;

test('memory that was given back is used again, for what fits it', () => {
  const memory = new BatchMemory();
  const first = memory.take(100 * KIB);
  const second = memory.take(100 * KIB);
  expect([first.length, first.buffer === second.buffer]).toEqual([100 * KIB, false]);
  memory.giveBack(first);
  expect(memory.freeBytes).toBe(128 * KIB);
  expect(memory.take(60 * KIB).buffer).not.toBe(first.buffer);
  expect(memory.take(128 * KIB).buffer).toBe(first.buffer);
  expect(memory.freeBytes).toBe(0);
});

test('small pieces are not kept, and no more than 8 MiB', () => {
  const memory = new BatchMemory();
  memory.giveBack(memory.take(10 * KIB));
  expect(memory.freeBytes).toBe(0);
  const many = Array.from({ length: 100 }, () => memory.take(128 * KIB));
  for (const piece of many) memory.giveBack(piece);
  expect(memory.freeBytes).toBe(8 * KIB * KIB);
});

let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

async function start(script: Script): Promise<{ producer: Producer; memory: BatchMemory }> {
  const broker = await startScriptedBroker(script);
  const client = new Client({ serviceUrl: broker.serviceUrl, log: () => undefined });
  cleanups.push(
    () => broker.stop(),
    () => client.close(),
  );
  const producer = await client.createProducer({ topic: 't', batchingMaxMessages: 2 });
  return { producer, memory: (client as unknown as { context: { batchMemory: BatchMemory } }).context.batchMemory };
}

const sendBatch = (producer: Producer) =>
  Promise.all([1, 2].map(() => producer.send({ data: Buffer.alloc(20 * KIB) })));
const stored = { ledgerId: 1, entryId: 1 };

test('a batch that was sent once leaves its memory to the next one', async () => {
  const { producer, memory } = await start({
    SEND: ({ producerId, sequenceId }, peer) => {
      expect(memory.freeBytes).toBe(0);
      peer.send('SEND_RECEIPT', { producerId, sequenceId, messageId: stored });
    },
  });
  for (let batch = 0; batch < 3; batch++) {
    await sendBatch(producer);
    expect(memory.freeBytes).toBe(64 * KIB);
  }
});

test('a batch that was sent again does not: its first sending may still wait in a socket', async () => {
  let sends = 0;
  const { producer, memory } = await start({
    SEND: ({ producerId, sequenceId }, peer) => {
      if (sends++ === 0) peer.send('CLOSE_PRODUCER', { producerId, requestId: 0 });
      else peer.send('SEND_RECEIPT', { producerId, sequenceId, messageId: stored });
    },
  });
  await sendBatch(producer);
  expect([sends, memory.freeBytes]).toEqual([2, 0]);
  await sendBatch(producer);
  expect([sends, memory.freeBytes]).toEqual([3, 64 * KIB]);
});
