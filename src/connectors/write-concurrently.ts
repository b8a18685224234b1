import type { PulsarIoError } from '../core/errors.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../core/record.ts';
import { throwIfAborted } from './abort.ts';

/**
 * A result for each record, of which `writeOne` writes up to `concurrency` at once, in any order, and answers its failure. A target that fails with something else
 * than rejections as often as there are writes under way is down: the rest is not tried. Throws `PIO_ABORTED` when the run ends; `doing` says what is given up.
 */
export const writeConcurrently = async (
  records: readonly SinkRecord[],
  concurrency: number,
  writeOne: (record: SinkRecord) => Promise<PulsarIoError | undefined>,
  doing: string,
  signal: AbortSignal,
): Promise<readonly RecordResult[]> => {
  const results: (RecordResult | undefined)[] = new Array(records.length).fill(undefined);
  const failures: PulsarIoError[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < records.length && !signal.aborted && failures.length < concurrency) {
      const index = next++;
      const error = await writeOne(records[index] as SinkRecord);
      results[index] = error ? { ok: false, error } : WRITTEN;
      if (error && error.disposition !== 'reject') failures.push(error);
    }
  };
  throwIfAborted(signal, doing);
  await Promise.all(Array.from({ length: Math.min(concurrency, records.length) }, worker));
  throwIfAborted(signal, doing);
  return results.map((result) => result ?? { ok: false, error: failures.at(-1) as PulsarIoError });
};
