import { PulsarIoError } from '../core/errors.ts';
import type { RecordResult, SinkRecord } from '../core/record.ts';

type Write = (records: readonly SinkRecord[]) => Promise<readonly RecordResult[]>;

/**
 * Writes records; when the target refuses them together without saying which is to blame, in halves, in their order, until each of those
 * stands alone. Records are to blame when the failure's disposition is `reject`, or when nobody classified it and others are written without them; any
 * other failure is the target's, and is thrown.
 */
export const writeIsolating = async (records: readonly SinkRecord[], write: Write): Promise<RecordResult[]> => {
  const search = new Search(records.length);
  const results = await isolate(records, write, search);
  search.requireWorkingTarget();
  return results;
};

const isolate = async (records: readonly SinkRecord[], write: Write, search: Search): Promise<RecordResult[]> => {
  try {
    const results = await write(records);
    search.hasWritten = true;
    return [...results];
  } catch (cause) {
    search.failed(cause);
    if (records.length === 1) return [{ ok: false, error: cause as Error }];
  }
  const half = records.length >> 1;
  const first = await isolate(records.slice(0, half), write, search);
  return [...first, ...(await isolate(records.slice(half), write, search))];
};

/** How long it is worth looking for the records that are to blame. */
class Search {
  /** Something went through: the target works. */
  hasWritten = false;
  readonly #maxFailures: number;
  #failures = 0;
  #unclassified: unknown;

  /** While nothing is written, as many failures as it takes to come down to one record at either end. */
  constructor(records: number) {
    this.#maxFailures = 2 * Math.ceil(Math.log2(records)) + 2;
  }

  /** Rethrows a failure that is not the records', or that goes on for too long. */
  failed(cause: unknown): void {
    if (cause instanceof PulsarIoError && cause.disposition === 'reject') return;
    this.#failures += 1;
    this.#unclassified ??= cause;
    const isExhausted = !this.hasWritten && this.#failures > this.#maxFailures;
    if (cause instanceof PulsarIoError || isExhausted) throw cause;
  }

  requireWorkingTarget(): void {
    if (this.#unclassified !== undefined && !this.hasWritten) throw this.#unclassified;
  }
}
