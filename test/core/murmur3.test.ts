import { expect, test } from '@jest/globals';
import { murmur3 } from '../../src/core/murmur3.ts';

test.each([
  ['key1', 462881061],
  ['key2', 1936800180],
  ['hello', 613153351],
  ['', 0],
])('the hash of %j is %d, as in the official clients, for a text as for its bytes', (text, hash) => {
  const bytes = Buffer.from(`-${text}-`).subarray(1, -1);
  expect([murmur3(text), murmur3(bytes), murmur3(new Uint8Array(bytes))]).toEqual([hash, hash, hash]);
});
