import { constants, createDeflate } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Compression } from '../../../src/core/messaging.ts';
import {
  CompressionType,
  compressPayload,
  decompressPayload,
  ProtocolError,
} from '../../../src/pulsar/protocol/index.ts';

const LIMIT = 10_000_000;
const names = ['LZ4', 'ZLIB', 'ZSTD', 'SNAPPY'] as const;
const samples = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .array(fc.constantFrom('alpha', 'beta', 'gamma', ' '), { maxLength: 3000 })
    .map((words) => Buffer.from(words.join(''))),
  fc.nat({ max: 70_000 }).map((size) => Buffer.alloc(size, 'abc')),
);

function restore(name: Compression, bytes: Uint8Array, size: number, limit = LIMIT): Buffer {
  return decompressPayload(CompressionType[name], Buffer.from(bytes), size, limit);
}

for (const name of names) {
  test(`${name} restores what it compressed`, () => {
    fc.assert(
      fc.property(samples, (sample) => {
        const restored = restore(name, compressPayload(name, sample), sample.length);
        expect(Buffer.compare(restored, sample)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test(`${name} refuses a wrong size, a size above the limit, and cut input`, () => {
    const sample = Buffer.from('some text, some text, some text, and again some text'.repeat(20));
    const compressed = compressPayload(name, sample);
    expect(compressed.length).toBeLessThan(sample.length / 2);
    expect(() => restore(name, compressed, sample.length - 1)).toThrow(ProtocolError);
    expect(() => restore(name, compressed, sample.length + 1)).toThrow(ProtocolError);
    expect(() => restore(name, compressed, sample.length, sample.length - 1)).toThrow(ProtocolError);
    expect(() => restore(name, compressed, 0xffffffff, 2 ** 33)).toThrow(ProtocolError);
    expect(() => restore(name, compressed.subarray(0, compressed.length >> 1), sample.length)).toThrow(ProtocolError);
  });

  test(`${name} gives bytes or a ProtocolError for random input`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat({ max: 500 }), (bytes, size) => {
        try {
          expect(restore(name, bytes, size)).toHaveLength(size);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 500 },
    );
  });
}

test('a zlib stream that ends with a sync flush, as Java writes it, is read', async () => {
  const sample = Buffer.from('written by java '.repeat(10));
  const deflate = createDeflate();
  const chunks: Buffer[] = [];
  deflate.on('data', (chunk: Buffer) => chunks.push(chunk));
  deflate.write(sample);
  await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
  expect(restore('ZLIB', Buffer.concat(chunks), sample.length)).toEqual(sample);
});

test('LZ4 blocks end as the format demands: five literals, no match in the last twelve bytes', () => {
  expect(Buffer.from(compressPayload('LZ4', Buffer.alloc(30, 'a'))).toString('hex')).toBe(
    '1f' + '61' + '0100' + '05' + '50' + '6161616161',
  );
  expect(compressPayload('LZ4', Buffer.alloc(12, 'a'))).toEqual(
    Buffer.concat([Buffer.of(0xc0), Buffer.alloc(12, 'a')]),
  );
});

test('a Snappy literal with a length above 2^31 is refused at once', () => {
  expect(() => restore('SNAPPY', Buffer.from('05fcfffffffff061626364', 'hex'), 5)).toThrow(ProtocolError);
});

test('an unknown compression is refused', () => {
  expect(() => decompressPayload(9, Buffer.alloc(1), 1, LIMIT)).toThrow(ProtocolError);
});
