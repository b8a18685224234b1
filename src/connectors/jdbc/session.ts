import type { DatabaseSync } from 'node:sqlite';
import type { FrontierMove, FrontierRow, TransactionalSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { Frontier } from '../../core/frontier.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import type { Token } from '../../core/token.ts';
import { recordId } from '../record-id.ts';
import type { CheckpointTable } from './checkpoint-table.ts';
import { isRejection, sqliteCode, sqliteError } from './errors.ts';
import type { Statements } from './statements.ts';
import type { Transactions } from './transaction.ts';

/** What a session works with. */
export interface SessionParts {
  readonly database: DatabaseSync;
  readonly transactions: Transactions;
  readonly statements: Statements;
  readonly checkpoints: CheckpointTable;
  /** Names the table and its database in error messages. */
  readonly target: string;
}

type Failures = Map<number, PulsarIoError>;

const SCHEMA_DEPENDENT = [1, 17]; // SQLITE_ERROR, SQLITE_SCHEMA

/** An open jdbc-sqlite sink. */
export class SqliteSession implements TransactionalSink {
  readonly #parts: SessionParts;
  #isClosed = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    return this.#parts.transactions.exclusive(async () => {
      const failures: Failures = new Map();
      for (let isCareful = false; !(await this.#writeOthers(records, failures, isCareful, signal)); ) isCareful = true;
      return records.map((_, index) => resultOf(failures.get(index)) ?? WRITTEN);
    });
  }

  fence(topic: string, token: Token, initial: Frontier, signal: AbortSignal): Promise<FrontierRow> {
    return this.#inTransaction(`fencing ${topic}`, signal, () => this.#parts.checkpoints.fence(topic, token, initial));
  }

  transact(
    records: readonly SinkRecord[],
    move: FrontierMove,
    signal: AbortSignal,
  ): Promise<readonly (RecordResult | undefined)[] | undefined> {
    const { transactions, checkpoints, target } = this.#parts;
    return transactions.exclusive(async () => {
      const failures: Failures = new Map();
      await transactions.begin(signal);
      try {
        checkpoints.move(move);
        this.#runAll(records, failures);
      } catch (error) {
        transactions.rollback();
        throw sqliteError(error, `writing to ${target}`);
      }
      if (failures.size === 0 && (await this.#isCommitted(signal))) return undefined;
      transactions.rollback();
      return records.map((_, index) => resultOf(failures.get(index)));
    });
  }

  describe(record: SinkRecord): unknown {
    return this.#parts.statements.describe(record);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.transactions.rollback();
    this.#parts.database.close();
  }

  #inTransaction<T>(doing: string, signal: AbortSignal, work: () => T): Promise<T> {
    const { transactions, target } = this.#parts;
    return transactions.exclusive(async () => {
      await transactions.begin(signal);
      try {
        const result = work();
        await transactions.commit(signal);
        return result;
      } catch (error) {
        transactions.rollback();
        throw sqliteError(error, `${doing} in ${target}`);
      }
    });
  }

  /** Runs every record, also after one failed, so that all that are to blame are known. Stops when SQLite ended the transaction. */
  #runAll(records: readonly SinkRecord[], failures: Failures): void {
    for (let index = 0; index < records.length; index++) {
      const failure = this.#run(records[index] as SinkRecord);
      if (failure) failures.set(index, failure);
      if (!this.#parts.database.isTransaction) return;
    }
  }

  /** False when the commit failed for a deferred constraint: some record is to blame, it is not known which. */
  async #isCommitted(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#parts.transactions.commit(signal);
      return true;
    } catch (error) {
      if (isRejection(error)) return false;
      throw sqliteError(error, `committing to ${this.#parts.target}`);
    }
  }

  /**
   * Writes all records that are not in `failures` in one transaction; false when it must be tried again without those that were added there. Carefully: with a
   * savepoint for each record, so that what it did through triggers before it failed is undone.
   */
  async #writeOthers(
    records: readonly SinkRecord[],
    failures: Failures,
    isCareful: boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { database, transactions } = this.#parts;
    await transactions.begin(signal);
    try {
      for (let index = 0; index < records.length; index++) {
        if (failures.has(index)) continue;
        if (isCareful) database.exec('SAVEPOINT record');
        const failure = this.#run(records[index] as SinkRecord);
        if (failure) failures.set(index, failure);
        if (failure && !(isCareful && database.isTransaction)) {
          transactions.rollback();
          return false;
        }
        if (isCareful) database.exec(failure ? 'ROLLBACK TO record; RELEASE record' : 'RELEASE record');
      }
    } catch (error) {
      transactions.rollback();
      throw sqliteError(error, `writing to ${this.#parts.target}`);
    }
    if (await this.#isCommitted(signal)) return true;
    await this.#writeOneByOne(records, failures, signal);
    return true;
  }

  /** Each record in a transaction of its own: the only way to tell which one violates a constraint that is checked at commit. */
  async #writeOneByOne(records: readonly SinkRecord[], failures: Failures, signal: AbortSignal): Promise<void> {
    const { transactions, target } = this.#parts;
    for (let index = 0; index < records.length; index++) {
      if (failures.has(index)) continue;
      const record = records[index] as SinkRecord;
      await transactions.begin(signal);
      const failure = this.#run(record) ?? ((await this.#isCommitted(signal)) ? undefined : violation(record, target));
      if (failure) {
        transactions.rollback();
        failures.set(index, failure);
      }
    }
  }

  /** Runs one record; its failure when it is to blame. Throws when the database is. */
  #run(record: SinkRecord): PulsarIoError | undefined {
    try {
      this.#parts.statements.run(record);
      return undefined;
    } catch (error) {
      const doing = `writing ${recordId(record)} to ${this.#parts.target}`;
      if (error instanceof PulsarIoError) return new PulsarIoError(error.code, `${doing}: ${error.message}`);
      if (isRejection(error)) return sqliteError(error, doing);
      if (SCHEMA_DEPENDENT.includes(sqliteCode(error) ?? 0) && this.#parts.statements.areValid())
        return new PulsarIoError(
          'PIO_SINK_REJECTED',
          `${doing}: an expression of the table or of a trigger cannot be computed for it`,
        );
      this.#parts.transactions.rollback();
      throw sqliteError(error, doing);
    }
  }
}

const violation = (record: SinkRecord, target: string): PulsarIoError =>
  new PulsarIoError(
    'PIO_SINK_REJECTED',
    `writing ${recordId(record)} to ${target}: a constraint that is checked at commit failed`,
  );

const resultOf = (error: PulsarIoError | undefined): RecordResult | undefined => error && { ok: false, error };
