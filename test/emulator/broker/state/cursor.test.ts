import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Cursor } from '../../../../src/emulator/broker/state/cursor.ts';
import {
  EARLIEST,
  entryIdOf,
  formatKey,
  keyOf,
  LATEST,
  ledgerIdOf,
} from '../../../../src/emulator/broker/state/entry-key.ts';
import { LedgerIndex } from '../../../../src/emulator/broker/state/ledger-index.ts';

const ledger = (ledgerId: number, entries: number) => ({ ledgerId, entries, bytes: 0, createdAtMs: 0 });
const cursorAt = (index: LedgerIndex) => new Cursor(index, { markDelete: index.beforeFirst, acked: [] });

test('keys order as (ledger, entry) and come apart again', () => {
  for (const [ledgerId, entryId] of [
    [0, 0],
    [3, -1],
    [3, 0],
    [3, 1_000_000],
    [4, -1],
    [2 ** 32, 7],
  ] as const) {
    const key = keyOf(ledgerId, entryId);
    expect([ledgerIdOf(key), entryIdOf(key)]).toEqual([ledgerId, entryId]);
  }
  const keys = [EARLIEST, keyOf(0, -1), keyOf(0, 0), keyOf(3, 1_000_000), keyOf(4, -1), keyOf(4, 0), LATEST];
  expect([...keys].sort((a, b) => a - b)).toEqual(keys);
  expect(keyOf(-1, -1)).toBe(EARLIEST);
  expect(keyOf(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).toBe(LATEST);
});

test('next and previous step over ledger ends, gaps and empty ledgers', () => {
  const index = new LedgerIndex([ledger(2, 2), ledger(5, 0), ledger(7, 1), ledger(9, 0)]);
  expect(formatKey(index.next(keyOf(2, 1)))).toBe('7:0');
  expect(formatKey(index.next(keyOf(7, 0)))).toBe('9:0');
  expect(formatKey(index.next(EARLIEST))).toBe('2:0');
  expect(formatKey(index.ceil(keyOf(3, 5)))).toBe('7:0');
  expect(formatKey(index.previous(keyOf(7, 0)))).toBe('2:1');
  expect(formatKey(index.previous(keyOf(2, 0)))).toBe('2:-1');
  expect(formatKey(index.lastConfirmed)).toBe('7:0');
  expect(index.count(keyOf(2, 0), keyOf(7, 0))).toBe(2);
});

test('the mark-delete position moves over acknowledged entries and into the next ledger', () => {
  const cursor = cursorAt(new LedgerIndex([ledger(1, 3), ledger(2, 3)]));
  for (const key of [keyOf(1, 1), keyOf(2, 0), keyOf(1, 2)]) cursor.ack(key);
  expect(formatKey(cursor.markDelete)).toBe('1:-1');
  expect(cursor.formatAcked()).toBe('[(1:0..1:2],(2:-1..2:0]]');
  expect(formatKey(cursor.nextUnacked(keyOf(1, 1)))).toBe('2:1');
  cursor.ack(keyOf(1, 0));
  expect(formatKey(cursor.markDelete)).toBe('2:0');
  expect(cursor.backlog).toBe(2);
});

test('an acknowledgement beyond the last confirmed entry changes nothing', () => {
  const cursor = cursorAt(new LedgerIndex([ledger(1, 2)]));
  expect([cursor.ack(keyOf(1, 2)), cursor.ackThrough(keyOf(1, 2)), cursor.ackIndexes(keyOf(1, 2), [0n])]).toEqual([
    false,
    false,
    'none',
  ]);
  expect(cursor.version).toBe(0);
});

test('bits of a batch are ANDed, and the last one acknowledges the entry', () => {
  const cursor = cursorAt(new LedgerIndex([ledger(1, 1)]));
  expect(cursor.ackIndexes(keyOf(1, 0), [-1n, 0b110n])).toBe('partial');
  expect(cursor.ackIndexes(keyOf(1, 0), [0n, 0b011n])).toBe('partial');
  expect(cursor.remaining(keyOf(1, 0))).toEqual([0n, 0b010n]);
  expect(cursor.ackIndexes(keyOf(1, 0), [-1n])).toBe('entry');
  expect(cursor.isAcked(keyOf(1, 0))).toBe(true);
});

test('a snapshot restores everything but the bits of batches', () => {
  const index = new LedgerIndex([ledger(1, 9)]);
  const cursor = cursorAt(index);
  cursor.ackThrough(keyOf(1, 2));
  cursor.ack(keyOf(1, 5));
  cursor.ackIndexes(keyOf(1, 7), [1n]);
  const restored = new Cursor(index, cursor.snapshot());
  expect(restored.snapshot()).toEqual(cursor.snapshot());
  expect(restored.remaining(keyOf(1, 7))).toBeUndefined();
});

test('whatever the order of acknowledgements, exactly the acknowledged entries are acknowledged', () => {
  const index = new LedgerIndex([ledger(1, 8), ledger(4, 8), ledger(6, 8)]);
  const keys = [1, 4, 6].flatMap((ledgerId) => Array.from({ length: 8 }, (_, entryId) => keyOf(ledgerId, entryId)));
  fc.assert(
    fc.property(fc.shuffledSubarray(keys), fc.option(fc.constantFrom(...keys)), (acked, through) => {
      const cursor = cursorAt(index);
      for (const key of acked) cursor.ack(key);
      if (through !== null) cursor.ackThrough(through);
      const expected = keys.filter((key) => acked.includes(key) || key <= (through ?? EARLIEST));
      expect(keys.filter((key) => cursor.isAcked(key))).toEqual(expected);
      expect(cursor.backlog).toBe(keys.length - expected.length);
      const first = keys.find((key) => !expected.includes(key)) ?? index.tail;
      expect(index.next(cursor.markDelete)).toBe(first);
      expect(cursor.nextUnacked(EARLIEST)).toBe(first);
    }),
  );
});
