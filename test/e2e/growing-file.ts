import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Record `index` of every end-to-end test. */
export const inputRecord = (index: number): { id: string; n: number; text: string } => ({
  id: `r-${index}`,
  n: index,
  text: `record ${index} äöü ${'x'.repeat(index % 50)}`,
});

/** Appends `total` records to a file, `perStep` at a time with a pause, as a program that writes its log would: lines may arrive in halves. */
export const growFile = async (path: string, total: number, perStep: number, pauseMs: number): Promise<void> => {
  const file = openSync(path, 'a');
  for (let from = 0; from < total; from += perStep) {
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
};
