import { closeSync, mkdtempSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Input } from './input.ts';
import { positionsOf } from './positions.ts';

/** Record `index` of every end-to-end test. */
export const inputRecord = (index: number): { id: string; n: number; text: string } => ({
  id: `r-${index}`,
  n: index,
  text: `record ${index} äöü ${'x'.repeat(index % 50)}`,
});

/**
 * Appends up to `total` records to a file, `perStep` at a time with a pause, as a program that writes its log would: lines may arrive in halves. Ends early once it
 * `isEnough`. Resolves with the number of records written.
 */
export const growFile = async (
  path: string,
  total: number,
  perStep: number,
  pauseMs: number,
  isEnough: () => Promise<boolean> = async () => false,
): Promise<number> => {
  const file = openSync(path, 'a');
  let from = 0;
  for (; from < total && !(await isEnough()); from += perStep) {
    const lines = Array.from(
      { length: Math.min(perStep, total - from) },
      (_, i) => `${JSON.stringify(inputRecord(from + i))}\n`,
    );
    const bytes = Buffer.from(lines.join(''));
    const cut = Math.floor(bytes.length / 2);
    writeSync(file, bytes.subarray(0, cut));
    writeSync(file, bytes.subarray(cut));
    await sleep(pauseMs);
  }
  closeSync(file);
  return Math.min(from, total);
};

/** A file that grows while it is read: within ten seconds, or by so many records every 80 ms. */
export const growingFile = async (perStep?: number): Promise<Input> => {
  const path = join(mkdtempSync(join(tmpdir(), 'pio-input-')), 'input.ndjson');
  writeFileSync(path, '');
  return {
    sourceType: 'file',
    configs: { path, format: 'ndjson' },
    feed: (records, isEnough) =>
      growFile(path, records, perStep ?? Math.max(1, Math.ceil(records / 120)), 80, isEnough),
    isRead: async (storePath) => {
      const { size } = statSync(path);
      return positionsOf(storePath).some(({ offset }) => offset === size);
    },
    dispose: async () => undefined,
  };
};
