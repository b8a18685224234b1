import type { OpenSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { RecordResult, SinkRecord } from '../../core/record.ts';
import { recordId } from '../record-id.ts';
import { writeConcurrently } from '../write-concurrently.ts';
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

  write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    const { concurrency, names } = this.#parts;
    const doing = `writing to ${names.keyspace}.${names.table}`;
    return writeConcurrently(records, concurrency, (record) => this.#writeOne(record), doing, signal);
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
    try {
      const { query, params } = toWrite(record);
      await client.execute(query, params);
      return undefined;
    } catch (error) {
      const doing = `writing ${recordId(record)} to ${names.keyspace}.${names.table}`;
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
