import { expect } from '@jest/globals';
import type { RecordResult } from '../../src/core/record.ts';

/** Matches an error of ours with that code, whose message contains `text`. */
export const code = (name: string, text = '') =>
  expect.objectContaining({ code: name, message: expect.stringContaining(text) });

/** What became of each record of a write: `ok`, or the code of its error. */
export const codes = (results: readonly RecordResult[]) =>
  results.map((it) => (it.ok ? 'ok' : (it.error as { code?: string }).code));
