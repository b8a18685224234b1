import type { OpenSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import { throwIfAborted } from '../abort.ts';
import { recordId } from '../record-id.ts';
import { cassandraError, mayBlameTable } from './errors.ts';
import type { ToWrite } from './mapping.ts';
import { type CqlClient, misconfigured, type TableNames } from './table.ts';

/** What a session works with. */
export interface SessionParts {
  readonly client: CqlClient;
  readonly names: TableNames;
  readonly toWrite: ToWrite;
  /** What is wrong with the table now; undefined: nothing. */
  readonly problem: () => Promise<string | undefined>;
  readonly concurrency: number;
}

/** An open cassandra sink. */
export class CassandraSession implements OpenSink {
  readonly #parts: SessionParts;
  #closed: Promise<void> | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  async write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    const { concurrency, names } = this.#parts;
    const doing = `writing to ${names.keyspace}.${names.table}`;
    const results: (RecordResult | undefined)[] = new Array(records.length).fill(undefined);
    const failures: PulsarIoError[] = [];
    let next = 0;
    // A target that fails as often as there are writes under way is down: the rest is not tried.
    const worker = async (): Promise<void> => {
      while (next < records.length && !signal.aborted && failures.length < concurrency) {
        const index = next++;
        const error = await this.#writeOne(records[index] as SinkRecord);
        results[index] = error ? { ok: false, error } : WRITTEN;
        if (error && error.disposition !== 'reject') failures.push(error);
      }
    };
    throwIfAborted(signal, doing);
    await Promise.all(Array.from({ length: Math.min(concurrency, records.length) }, worker));
    throwIfAborted(signal, doing);
    return results.map((result) => result ?? { ok: false, error: failures.at(-1) as PulsarIoError });
  }

  describe(record: SinkRecord): unknown {
    return this.#parts.toWrite(record);
  }

  close(): Promise<void> {
    this.#closed ??= this.#parts.client.shutdown();
    return this.#closed;
  }

  async #writeOne(record: SinkRecord): Promise<PulsarIoError | undefined> {
    const { client, names, toWrite } = this.#parts;
    const doing = `writing ${recordId(record)} to ${names.keyspace}.${names.table}`;
    try {
      const { query, params } = toWrite(record);
      await client.execute(query, params);
      return undefined;
    } catch (error) {
      if (error instanceof PulsarIoError) return new PulsarIoError(error.code, `${doing}: ${error.message}`);
      return mayBlameTable(error) ? this.#blame(error, doing) : cassandraError(error, doing);
    }
  }

  /** Tells a wrong value from a dropped table, of which Cassandra says the same: only the latter is worth waiting for. */
  async #blame(error: unknown, doing: string): Promise<PulsarIoError> {
    try {
      const problem = await this.#parts.problem();
      return problem === undefined ? cassandraError(error, doing) : misconfigured(this.#parts.names, problem);
    } catch (unknown) {
      return cassandraError(unknown, doing);
    }
  }
}
