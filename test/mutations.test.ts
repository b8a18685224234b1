import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ABSENT, MUTATIONS, mutationName } from './mutations/mutations.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

test('each of the 35 defects is a mutation, or has a reason why it is none', () => {
  const numbers = new Set([...MUTATIONS, ...ABSENT].map(({ number }) => number));
  expect([...numbers].sort((a, b) => a - b)).toEqual(Array.from({ length: 35 }, (_, index) => index + 1));
  expect(ABSENT.filter(({ number }) => MUTATIONS.some((one) => one.number === number))).toEqual([]);
});

test('each mutation fits the code: what it replaces is there exactly once', () => {
  const wrong = MUTATIONS.flatMap((one) =>
    one.edits
      .filter(({ file, find }) => read(file).split(find).length !== 2)
      .map(({ file, find }) => `${mutationName(one)}: ${file} has not exactly once: ${find}`),
  );
  expect(wrong).toEqual([]);
});
