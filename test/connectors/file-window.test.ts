import type { FileHandle } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { checksum, HEAD_BYTES, Head, TAIL_BYTES } from '../../src/connectors/file/position.ts';
import { Window } from '../../src/connectors/file/window.ts';

/** A file of `bytes` that gives at most `most` of them at once. */
const handleOf = (bytes: Buffer, most: number): FileHandle =>
  ({
    read: async (buffer: Buffer, at: number, length: number, from: number) => ({
      bytesRead: bytes.copy(buffer, at, from, Math.min(bytes.length, from + Math.min(length, most))),
      buffer,
    }),
  }) as unknown as FileHandle;

const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, n) => n % 251));

test.each([1, 7, 4_096, 100_000])(
  'a window shows every byte once whatever is consumed and read at once (%i)',
  async (most) => {
    for (const offset of [0, 5, TAIL_BYTES, 4_000, bytes.length]) {
      const window = new Window(handleOf(bytes, most), offset, new Head(), 100);
      for (let consumed = offset, turn = 0; (await window.fill()) > 0; turn++) {
        expect(window.base + window.from).toBe(consumed);
        expect(window.buffer.subarray(0, window.to).equals(bytes.subarray(window.base, window.base + window.to))).toBe(
          true,
        );
        expect(window.from).toBeGreaterThanOrEqual(Math.min(TAIL_BYTES, consumed));
        const step = turn % 3 === 0 ? 0 : Math.ceil((window.to - window.from) / 2);
        window.consume(window.from + step);
        consumed += step;
      }
      expect(window.base + window.to).toBe(bytes.length);
    }
  },
);

test('the head takes what becomes known, in any pieces, and its checksum ends with it', async () => {
  const head = new Head();
  const window = new Window(handleOf(bytes, 13), 0, head, 100);
  for (let read = await window.fill(); read > 0; read = await window.fill()) {
    const known = window.base + window.to;
    expect(head.at(known)).toBe(checksum(bytes, 0, Math.min(known, HEAD_BYTES)));
    window.consume(window.to);
  }
  expect(head.at(HEAD_BYTES + 1)).toBe(head.at(bytes.length));
});

test('the next chunk is read while this one is in use; that it cannot be read is told by who needs it', async () => {
  const asked: number[] = [];
  const handle = handleOf(bytes, 100);
  const failing = {
    read: async (buffer: Buffer, at: number, length: number, from: number) => {
      asked.push(from);
      if (from >= 200) throw new Error('unreadable');
      return handle.read(buffer, at, length, from);
    },
  };
  const window = new Window(failing, 0, new Head(), 100);
  expect(await window.fill()).toBe(100);
  expect(asked).toEqual([0, 100]);
  window.consume(window.to);
  expect(await window.fill()).toBe(100);
  expect(asked).toEqual([0, 100, 200]);
  await expect(window.fill()).rejects.toThrow('unreadable');
});
