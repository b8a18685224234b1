import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Dedup } from '../../../../src/emulator/broker/state/dedup.ts';
import { DelayQueue } from '../../../../src/emulator/broker/state/delay-queue.ts';
import {
  hashRing,
  SLOT_COUNT,
  slotOf,
  stickyRangeProblem,
  stickyRanges,
} from '../../../../src/emulator/broker/state/key-ring.ts';
import { SortedKeys } from '../../../../src/emulator/broker/state/sorted-keys.ts';

const input = (lowestSequenceId: number, highestSequenceId = lowestSequenceId) => ({
  producerName: 'p',
  lowestSequenceId,
  highestSequenceId,
  isPartialChunk: false,
});

test('deduplication tests the lowest id only, and against what was pushed', () => {
  const dedup = new Dedup(true);
  expect(dedup.check(input(0, 4))).toBe('publish');
  expect(dedup.check(input(4))).toBe('unknown');
  dedup.persisted(input(0, 4));
  expect(dedup.check(input(4, 9))).toBe('duplicate');
  expect(dedup.check(input(5, 9))).toBe('publish');
  expect([dedup.lastSequenceId('p'), dedup.lastSequenceId('q')]).toEqual([9, -1]);
});

test('after a storage failure what was not persisted may be sent again', () => {
  const dedup = new Dedup(true);
  dedup.check(input(0));
  dedup.persisted(input(0));
  dedup.check(input(1, 5));
  dedup.storageFailed();
  expect(dedup.lastSequenceId('p')).toBe(0);
  expect(dedup.check(input(1, 5))).toBe('publish');
});

test('the highest id of a replay wins over the snapshot, and is in the next snapshot', () => {
  const dedup = new Dedup(true);
  dedup.restore('p', 5);
  dedup.replay('p', 9);
  dedup.replay('p', 7);
  expect(dedup.lastSequenceId('p')).toBe(9);
  expect([dedup.takeChanges(), dedup.takeChanges()]).toEqual([[['p', 9]], []]);
});

test('only names that disconnected before the cutoff are purged', () => {
  const dedup = new Dedup(true);
  for (const name of ['old', 'back', 'young']) {
    dedup.restore(name, 1);
    dedup.producerDisconnected(name, name === 'young' ? 200 : 100);
  }
  dedup.producerConnected('back');
  expect(dedup.purge(150)).toEqual(['old']);
  expect(['old', 'back', 'young'].map((name) => dedup.lastSequenceId(name))).toEqual([-1, 1, 1]);
});

test('the ring gives every slot to somebody, and a newcomer takes slots from others without moving the rest', () => {
  const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
  const [before, after] = [hashRing([a, b]), hashRing([a, b, c])];
  const shares = new Map<unknown, number>();
  let moved = 0;
  for (let slot = 1; slot < SLOT_COUNT; slot++) {
    const owner = after.select(slot);
    shares.set(owner, (shares.get(owner) ?? 0) + 1);
    if (owner !== c && owner !== before.select(slot)) moved++;
  }
  expect(moved).toBe(0);
  for (const consumer of [a, b, c]) expect(shares.get(consumer)).toBeGreaterThan(SLOT_COUNT / 6);
});

test('consumers of the same name have points of their own', () => {
  const twins = [{ name: 'a' }, { name: 'a' }];
  const ring = hashRing(twins);
  expect(
    new Set(Array.from({ length: 1000 }, (_, slot) => twins.indexOf(ring.select(slot) as (typeof twins)[0]))),
  ).toEqual(new Set([0, 1]));
});

test('slot 0 is not used', () => {
  fc.assert(fc.property(fc.uint8Array(), (key) => slotOf(key) > 0 && slotOf(key) < SLOT_COUNT));
});

test('sticky ranges: holes have no owner; overlaps, empty and reversed ranges are refused', () => {
  const owner = { ranges: [{ start: 0, end: 10 }] };
  expect([stickyRanges([owner]).select(10), stickyRanges([owner]).select(11)]).toEqual([owner, undefined]);
  for (const ranges of [
    [],
    [{ start: 5, end: 4 }],
    [{ start: 10, end: 20 }],
    [
      { start: 30, end: 40 },
      { start: 40, end: 50 },
    ],
  ]) {
    expect(stickyRangeProblem(ranges, owner.ranges)).toBeDefined();
  }
  expect(stickyRangeProblem([{ start: 11, end: 65535 }], owner.ranges)).toBeUndefined();
});

test('a delay queue gives keys back when they are due, earliest first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100)), fc.nat(100), (times, nowMs) => {
      const queue = new DelayQueue();
      times.forEach((atMs, key) => {
        queue.add(key, atMs);
      });
      const due = queue.takeDue(nowMs).map((key) => times[key]);
      expect(due).toEqual(times.filter((atMs) => atMs <= nowMs).sort((a, b) => a - b));
      expect(queue.nextAtMs).toBe(times.filter((atMs) => atMs > nowMs).sort((a, b) => a - b)[0]);
    }),
  );
});

test('sorted keys are walked in order, whatever was added and deleted', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean())), (steps) => {
      const keys = new SortedKeys<number>();
      const model = new Set<number>();
      for (const [key, isAdded] of steps) {
        if (isAdded) keys.add(key, key);
        else keys.delete(key);
        if (isAdded) model.add(key);
        else model.delete(key);
        if (key % 3 === 0)
          expect([...keys.entries()].map(([found]) => found)).toEqual([...model].sort((a, b) => a - b));
      }
      expect(keys.size).toBe(model.size);
      expect([...keys.entries()].map(([found]) => found)).toEqual([...model].sort((a, b) => a - b));
    }),
  );
});
