import { describe, expect, test } from '@jest/globals';
import { ShardLog, type ShardRecord, type StreamApi } from '../../src/connectors/streams/shard-log.ts';
import type { Position } from '../../src/core/position.ts';
import { context } from './open.ts';

interface MemoryShard {
  readonly parents: readonly string[];
  isClosed: boolean;
  /** Sequence numbers of the records that are kept. */
  kept: number[];
}

/** A stream in memory: two records a page, times of arrival equal to sequence numbers. */
const memoryStream = (shards: Record<string, MemoryShard>): StreamApi => {
  const recordOf = (number: number): ShardRecord => ({
    sequenceNumber: String(number),
    arrivedMs: number,
    record: { value: `r${number}` },
  });
  const keptOf = (id: string): number[] => shards[id]?.kept ?? [];
  return {
    shards: async () => Object.entries(shards).map(([id, { parents, isClosed }]) => ({ id, parents, isClosed })),
    iterator: async (shard, start) => {
      if (!('at' in start)) return '0';
      return Number(start.at) < Math.min(...keptOf(shard)) ? undefined : start.at;
    },
    records: async (shard, iterator) => {
      const left = keptOf(shard).filter((it) => it >= Number(iterator));
      const records = left.slice(0, 2).map(recordOf);
      const isEnd = left.length <= 2;
      const next = isEnd && shards[shard]?.isClosed ? undefined : String((left[1] ?? left[0] ?? Number(iterator)) + 1);
      return { records, next, isAtTip: isEnd && next !== undefined };
    },
    close: () => undefined,
  };
};

const shard = (kept: number[], parents: string[] = [], isClosed = false): MemoryShard => ({ kept, parents, isClosed });
const signal = new AbortController().signal;
const readAll = async (log: ShardLog, id: string, from?: Position) => {
  const records = [];
  for await (const page of log.read(id, from, signal)) records.push(...page);
  return records;
};
const open = (
  shards: Record<string, MemoryShard>,
  { positions = {}, sinceMs = 0 }: { positions?: Record<string, Position>; sinceMs?: number } = {},
) =>
  new ShardLog({
    api: memoryStream(shards),
    context: context({ positionOf: async (id) => positions[id] }),
    sinceMs,
  });

describe('a stream of shards as a log', () => {
  test('counts records from where it begins, and goes on counting from a position', async () => {
    const log = open({ a: shard([11, 12, 13, 15]) }, { sinceMs: 12 });
    const records = await readAll(log, 'a');
    expect(records.map(({ value, sequence }) => [value, sequence])).toEqual([
      ['r12', 0],
      ['r13', 1],
      ['r15', 2],
    ]);
    expect((await readAll(log, 'a', records[0]?.position)).map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(await readAll(log, 'a', records[2]?.position)).toEqual([]);
  });

  test('pins the first record, so that a later run counts from the same one', async () => {
    const shards = { a: shard([11, 12, 13]) };
    const log = open(shards, { sinceMs: 12 });
    const pin = await log.begin('a', signal);
    expect(pin).toEqual({ at: '12', sequence: -1 });
    const [first] = await readAll(log, 'a', pin);
    expect(first).toMatchObject({ value: 'r12', sequence: 0 });
    expect(first?.mayFollowGap).toBeUndefined();
    shards.a.kept = [13];
    expect((await readAll(log, 'a', pin))[0]).toMatchObject({ value: 'r13', mayFollowGap: true });
    shards.a.kept = [];
    expect(await log.begin('a', signal)).toBeUndefined();
  });

  test('says when what followed a position may have expired, and only then', async () => {
    const shards = { a: shard([11, 12, 13, 14]) };
    const log = open(shards);
    const [one, two] = await readAll(log, 'a', { at: '11', sequence: -1 });
    const marks = async (from: Position | undefined) =>
      (await readAll(log, 'a', from)).map(({ mayFollowGap }) => mayFollowGap === true);
    expect(await marks(one?.position)).toEqual([false, false, false]);
    shards.a.kept = [12, 13, 14];
    expect(await marks(two?.position)).toEqual([false, false]);
    expect(await marks(one?.position)).toEqual([true, false, false]);
    expect(await marks(undefined)).toEqual([true, false, false]);
  });

  test('lists a shard when those that it came from have nothing left behind their stored positions', async () => {
    const positions: Record<string, Position> = {};
    const shards = {
      left: shard([1, 2], [], true),
      right: shard([3], [], true),
      merged: shard([4], ['left', 'right']),
      later: shard([5], ['gone']),
    };
    const ready = () => open(shards, { positions }).partitions(signal);
    expect(await ready()).toEqual(['left', 'right', 'later']);
    positions.left = { after: '2', sequence: 1 };
    expect(await ready()).toEqual(['right', 'later']);
    positions.right = { at: '3', sequence: -1 };
    expect(await ready()).toEqual(['right', 'later']);
    positions.right = { after: '3', sequence: 0 };
    expect(await ready()).toEqual(['merged', 'later']);
  });

  test('lists a shard that was begun, whatever became of its parents', async () => {
    const shards = { parent: shard([1], [], true), child: shard([2, 3], ['parent']) };
    const positions = { child: { after: '2', sequence: 0 } };
    expect(await open(shards, { positions }).partitions(signal)).toEqual(['parent', 'child']);
  });

  test('takes a parent without a record that is wanted for read', async () => {
    const shards = { parent: shard([1], [], true), child: shard([7], ['parent']) };
    expect(await open(shards, { sinceMs: 5 }).partitions(signal)).toEqual(['child']);
  });
});
