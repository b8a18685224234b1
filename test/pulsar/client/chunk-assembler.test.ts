import { describe, expect, test } from '@jest/globals';
import { type Chunk, ChunkAssembler, type ChunkLimits } from '../../../src/pulsar/client/chunk-assembler.ts';
import { MessageMetadata } from '../../../src/pulsar/protocol/index.ts';

const MINUTE = 60_000;

/** Chunk `chunkId` of `count`, each of 10 bytes, at entry `entryId`. */
function chunk(uuid: string, chunkId: number, entryId: number, { count = 3, publishTime = 0, bytes = 10 } = {}): Chunk {
  const fields = { uuid, chunkId, numChunksFromMsg: count, totalChunkMsgSize: 10 * count };
  const metadata = MessageMetadata.encode({ producerName: 'p', sequenceId: 1, publishTime, ...fields });
  return {
    messageId: { ledgerId: 1, entryId, batchIndex: -1 },
    metadata: MessageMetadata.decode(metadata),
    payload: Buffer.alloc(bytes, uuid),
  };
}

function assembler(limits: Partial<ChunkLimits> = {}) {
  const givenUp: [string, number[], number?][] = [];
  const onGivenUp: ChunkLimits['onGivenUp'] = (ids, reason, last) => {
    const entries = ids.map(({ entryId }) => entryId);
    givenUp.push(last === undefined ? [reason, entries] : [reason, entries, last.messageId.entryId]);
  };
  const chunks = new ChunkAssembler({ maxPending: 10, maxBytes: 1000, mayReorder: false, onGivenUp, ...limits });
  return { givenUp, chunks };
}

test('one message too many gives the oldest up, which is then broken with its last chunk', () => {
  const { chunks, givenUp } = assembler({ maxPending: 2 });
  for (const [entryId, uuid] of ['a', 'b', 'c'].entries()) chunks.add(chunk(uuid, 0, entryId), 0);
  expect(givenUp).toEqual([['full', [0]]]);
  expect(chunks.add(chunk('a', 1, 3), 0)).toEqual({ kind: 'waiting' });
  expect(chunks.add(chunk('a', 2, 4), 0)).toMatchObject({
    kind: 'broken',
    ids: [{ entryId: 0 }, { entryId: 3 }, { entryId: 4 }],
  });
  chunks.add(chunk('b', 1, 5), 0);
  expect(chunks.add(chunk('b', 2, 6), 0)).toMatchObject({ kind: 'complete', payload: Buffer.alloc(30, 'b') });
});

test('keeps no more bytes than allowed, whatever the chunks claim', () => {
  const { chunks, givenUp } = assembler({ maxBytes: 45 });
  chunks.add(chunk('a', 0, 0), 0);
  chunks.add(chunk('a', 1, 1), 0);
  chunks.add(chunk('b', 0, 2), 0);
  chunks.add(chunk('b', 1, 3), 0);
  chunks.add(chunk('c', 0, 4), 0);
  expect(givenUp).toEqual([['full', [0, 1]]]);
  expect(chunks.add(chunk('d', 0, 5, { bytes: 31 }), 0)).toEqual({ kind: 'waiting' });
  chunks.add(chunk('d', 1, 6), 0);
  expect(chunks.add(chunk('d', 2, 7), 0)).toMatchObject({ kind: 'broken' });
});

test('a message whose chunks do not add up is broken', () => {
  const { chunks } = assembler();
  chunks.add(chunk('a', 0, 0), 0);
  chunks.add(chunk('a', 1, 1, { bytes: 9 }), 0);
  expect(chunks.add(chunk('a', 2, 2), 0)).toMatchObject({ kind: 'broken' });
  chunks.add(chunk('b', 0, 3), 0);
  expect(chunks.add(chunk('b', 2, 4), 0)).toMatchObject({ kind: 'broken', ids: [{ entryId: 3 }, { entryId: 4 }] });
});

test('gives up only what nothing came for, neither here nor in the log, for a minute', () => {
  const { chunks, givenUp } = assembler();
  chunks.add(chunk('a', 0, 0, { publishTime: 1000 }), 0);
  chunks.expire(MINUTE - 1, Number.POSITIVE_INFINITY);
  chunks.expire(MINUTE, 1000 + MINUTE - 1);
  expect(givenUp).toEqual([]);
  chunks.expire(MINUTE, 1000 + MINUTE);
  expect(givenUp).toEqual([['expired', [0]]]);
  expect(chunks.isEmpty).toBe(true);
});

test('a first chunk that comes again begins anew: a redelivery quietly, another entry gives the old ones up', () => {
  const { chunks, givenUp } = assembler();
  chunks.add(chunk('a', 0, 0), 0);
  chunks.add(chunk('a', 1, 1), 0);
  chunks.add(chunk('a', 0, 0), 0);
  expect(givenUp).toEqual([]);
  chunks.add(chunk('a', 0, 7), 0);
  expect(givenUp).toEqual([['replaced', [0]]]);
  chunks.add(chunk('a', 1, 8), 0);
  expect(chunks.add(chunk('a', 2, 9), 0)).toMatchObject({
    kind: 'complete',
    ids: [{ entryId: 7 }, { entryId: 8 }, { entryId: 9 }],
  });
});

describe('where the broker may bring chunks in any order', () => {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];

  test.each(orders)('%d, %d, %d make the message, with the ids in its own order', (...order) => {
    const { chunks, givenUp } = assembler({ mayReorder: true });
    const outcomes = order.map((at) => chunks.add({ ...chunk('a', at, at), payload: Buffer.alloc(10, at) }, 0));
    expect(outcomes.slice(0, 2)).toEqual([{ kind: 'waiting' }, { kind: 'waiting' }]);
    expect(outcomes[2]).toMatchObject({
      kind: 'complete',
      payload: Buffer.concat([0, 1, 2].map((at) => Buffer.alloc(10, at))),
      ids: [{ entryId: 0 }, { entryId: 1 }, { entryId: 2 }],
      last: { messageId: { entryId: 2 } },
    });
    expect([chunks.isEmpty, givenUp]).toEqual([true, []]);
  });

  test('a chunk that comes again is waited with, one that is in another entry is a duplicate', () => {
    const { chunks } = assembler({ mayReorder: true });
    chunks.add(chunk('a', 1, 1), 0);
    expect(chunks.add(chunk('a', 1, 1), 0)).toEqual({ kind: 'waiting' });
    expect(chunks.add(chunk('a', 1, 9), 0)).toEqual({ kind: 'duplicate' });
    chunks.add(chunk('a', 0, 0), 0);
    chunks.add(chunk('a', 0, 0), 0);
    expect(chunks.add(chunk('a', 2, 2), 0)).toMatchObject({ kind: 'complete', payload: Buffer.alloc(30, 'a') });
  });

  test('what stays incomplete for a minute is given up, with its last chunk when that is there', () => {
    const { chunks, givenUp } = assembler({ mayReorder: true });
    chunks.add(chunk('a', 2, 2), 0);
    chunks.add(chunk('a', 1, 1), 0);
    chunks.add(chunk('b', 0, 3), 0);
    chunks.expire(MINUTE, Number.POSITIVE_INFINITY);
    expect(givenUp).toEqual([
      ['expired', [2, 1], 2],
      ['expired', [3]],
    ]);
    expect(chunks.isEmpty).toBe(true);
  });

  test('a number that no chunk of the message can have breaks it', () => {
    const { chunks } = assembler({ mayReorder: true });
    chunks.add(chunk('a', 0, 0), 0);
    expect(chunks.add(chunk('a', 7, 1), 0)).toMatchObject({ kind: 'broken', ids: [{ entryId: 0 }, { entryId: 1 }] });
  });
});

test('a cumulative acknowledgement stops before the first chunk of what is incomplete, not of what is broken', () => {
  const { chunks } = assembler();
  const id = (entryId: number) => ({ ledgerId: 1, entryId, batchIndex: -1 });
  chunks.add(chunk('a', 0, 5), 0);
  chunks.add(chunk('b', 1, 2), 0);
  expect(chunks.limitCumulative(id(4))).toEqual(id(4));
  expect(chunks.limitCumulative(id(9))).toEqual(id(4));
  expect(chunks.limitCumulative({ ledgerId: 2, entryId: 0, batchIndex: -1 })).toEqual(id(4));
  chunks.add(chunk('a', 1, 6), 0);
  chunks.add(chunk('a', 2, 7), 0);
  expect(chunks.limitCumulative(id(9))).toEqual(id(9));
});
