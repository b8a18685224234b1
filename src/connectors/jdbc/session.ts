import type { DatabaseSync } from 'node:sqlite';
import type { FrontierMove, FrontierRow, TransactionalSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { Frontier } from '../../core/frontier.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import type { Token } from '../../core/token.ts';
import type { Places } from '../places.ts';
import { recordId } from '../record-id.ts';
import type { CheckpointTable } from './checkpoint-table.ts';
import { isRejection, sqliteCode, sqliteError } from './errors.ts';
import type { Statements } from './statements.ts';
import type { Transactions } from './transaction.ts';

/** A table that is written to. */
export interface SqlitePlace {
  readonly statements: Statements;
  /** Names the table and its database in error messages. */
  readonly target: string;
}

/** What a session works with. */
export interface SessionParts {
  readonly database: DatabaseSync;
  readonly transactions: Transactions;
  readonly places: Places<SqlitePlace>;
  readonly checkpoints: CheckpointTable;
}

type Failures = Map<number, PulsarIoError>;

/** A record of the batch, and its table. */
interface Item {
  readonly index: number;
  readonly record: SinkRecord;
  readonly place: SqlitePlace;
}

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
      const items = await this.#items(records, failures, signal);
      for (let isCareful = false; !(await this.#writeOthers(items, failures, isCareful, signal)); ) isCareful = true;
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
    const { transactions, checkpoints } = this.#parts;
    return transactions.exclusive(async () => {
      const failures: Failures = new Map();
      const items = await this.#items(records, failures, signal);
      await transactions.begin(signal);
      try {
        checkpoints.move(move);
        this.#runAll(items, failures);
      } catch (error) {
        transactions.rollback();
        throw this.#failed(error, 'writing to');
      }
      if (failures.size === 0 && (await this.#isCommitted(signal))) return undefined;
      transactions.rollback();
      return records.map((_, index) => resultOf(failures.get(index)));
    });
  }

  async describe(record: SinkRecord, signal: AbortSignal): Promise<unknown> {
    const placeOf = await this.#parts.places.lookUp([record], signal);
    return placeOf(record).statements.describe(record);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.transactions.rollback();
    this.#parts.database.close();
  }

  #inTransaction<T>(doing: string, signal: AbortSignal, work: () => T): Promise<T> {
    const { transactions } = this.#parts;
    return transactions.exclusive(async () => {
      await transactions.begin(signal);
      try {
        const result = work();
        await transactions.commit(signal);
        return result;
      } catch (error) {
        transactions.rollback();
        throw this.#failed(error, `${doing} in`);
      }
    });
  }

  async #items(records: readonly SinkRecord[], failures: Failures, signal: AbortSignal): Promise<Item[]> {
    const placeOf = await this.#parts.places.lookUp(records, signal);
    return records.flatMap((record, index) => {
      try {
        return [{ index, record, place: placeOf(record) }];
      } catch (error) {
        failures.set(index, refused(error, `writing ${recordId(record)} to ${this.#parts.places.home.target}`));
        return [];
      }
    });
  }

  /** An error of the batch as a whole. */
  #failed(error: unknown, doing: string): PulsarIoError {
    const { places } = this.#parts;
    return places.doubted(sqliteError(error, `${doing} ${places.home.target}`));
  }

  /** Runs every record, also after one failed, so that all that are to blame are known. Stops when SQLite ended the transaction. */
  #runAll(items: readonly Item[], failures: Failures): void {
    for (const item of items) {
      const failure = this.#run(item);
      if (failure) failures.set(item.index, failure);
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
      throw this.#failed(error, 'committing to');
    }
  }

  /**
   * Writes all items that are not in `failures` in one transaction; false when it must be tried again without those that were added there. Carefully: with a
   * savepoint for each record, so that what it did through triggers before it failed is undone.
   */
  async #writeOthers(
    items: readonly Item[],
    failures: Failures,
    isCareful: boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { database, transactions } = this.#parts;
    await transactions.begin(signal);
    try {
      for (const item of items) {
        if (failures.has(item.index)) continue;
        if (isCareful) database.exec('SAVEPOINT record');
        const failure = this.#run(item);
        if (failure) failures.set(item.index, failure);
        if (failure && !(isCareful && database.isTransaction)) {
          transactions.rollback();
          return false;
        }
        if (isCareful) database.exec(failure ? 'ROLLBACK TO record; RELEASE record' : 'RELEASE record');
      }
    } catch (error) {
      transactions.rollback();
      throw this.#failed(error, 'writing to');
    }
    if (await this.#isCommitted(signal)) return true;
    await this.#writeOneByOne(items, failures, signal);
    return true;
  }

  /** Each record in a transaction of its own: the only way to tell which one violates a constraint that is checked at commit. */
  async #writeOneByOne(items: readonly Item[], failures: Failures, signal: AbortSignal): Promise<void> {
    const { transactions } = this.#parts;
    for (const item of items) {
      if (failures.has(item.index)) continue;
      await transactions.begin(signal);
      const failure = this.#run(item) ?? ((await this.#isCommitted(signal)) ? undefined : violation(item));
      if (failure) {
        transactions.rollback();
        failures.set(item.index, failure);
      }
    }
  }

  /** Runs one record; its failure when it is to blame. Throws when the database is. */
  #run({ record, place: { statements, target } }: Item): PulsarIoError | undefined {
    try {
      statements.run(record);
      return undefined;
    } catch (error) {
      const doing = `writing ${recordId(record)} to ${target}`;
      if (error instanceof PulsarIoError || isRejection(error)) return refused(error, doing);
      if (SCHEMA_DEPENDENT.includes(sqliteCode(error) ?? 0) && statements.areValid())
        return new PulsarIoError(
          'PIO_SINK_REJECTED',
          `${doing}: an expression of the table or of a trigger cannot be computed for it`,
        );
      this.#parts.transactions.rollback();
      throw sqliteError(error, doing);
    }
  }
}

const refused = (error: unknown, doing: string): PulsarIoError =>
  error instanceof PulsarIoError
    ? new PulsarIoError(error.code, `${doing}: ${error.message}`)
    : sqliteError(error, doing);

const violation = ({ record, place }: Item): PulsarIoError =>
  new PulsarIoError(
    'PIO_SINK_REJECTED',
    `writing ${recordId(record)} to ${place.target}: a constraint that is checked at commit failed`,
  );

const resultOf = (error: PulsarIoError | undefined): RecordResult | undefined => error && { ok: false, error };
