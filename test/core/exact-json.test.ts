import { expect, test } from '@jest/globals';
import { parseExact, stringifyExact } from '../../src/core/exact-json.ts';

const LONG = '12345678901234567890123456789';

test('JSON of values with and without bigints has all digits, at any depth', () => {
  expect(stringifyExact({ a: [1, 'x', null, undefined], b: undefined, c: true })).toBe(
    '{"a":[1,"x",null,null],"c":true}',
  );
  expect(stringifyExact(BigInt(LONG))).toBe(LONG);
  expect(stringifyExact({ a: [{ b: BigInt(LONG) }, 1.5], c: parseExact(LONG) })).toBe(
    `{"a":[{"b":${LONG}},1.5],"c":${LONG}}`,
  );
});

test('what JSON cannot hold at all is an error', () => {
  const round: Record<string, unknown> = {};
  round.round = round;
  expect(() => stringifyExact(round)).toThrow(TypeError);
});
