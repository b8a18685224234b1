import { createReadStream, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Filled, pagesOf, type System } from '../system.ts';

const fill = async (records: number): Promise<Filled> => {
  const path = join(mkdtempSync(join(tmpdir(), 'pio-bench-')), 'rows.ndjson');
  writeFileSync(
    path,
    pagesOf(records, records)
      .flat()
      .map((row) => `${JSON.stringify(row)}\n`)
      .join(''),
  );
  return {
    configs: { path, format: 'ndjson' },
    raw: async () => async () => {
      let count = 0;
      for await (const line of createInterface({ input: createReadStream(path) })) count += JSON.parse(line) ? 1 : 0;
      return count;
    },
  };
};

/** A file: Node's `readline`, and `JSON.parse` of each line. */
export const file = async (): Promise<System> => ({
  source: { sourceType: 'file', records: 200_000, fill },
  [Symbol.asyncDispose]: async () => undefined,
});
