import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tenants(name TEXT PRIMARY KEY, info TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS namespaces(name TEXT PRIMARY KEY, policies TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS partitioned_topics(name TEXT PRIMARY KEY, partitions INTEGER NOT NULL, properties TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, policies TEXT NOT NULL, dedup_from INTEGER,
  is_terminated INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS ledgers(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, created_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS ledgers_by_topic ON ledgers(topic_id);
CREATE TABLE IF NOT EXISTS entries(id INTEGER PRIMARY KEY, publish_ms INTEGER NOT NULL, messages INTEGER NOT NULL, is_batch INTEGER NOT NULL,
  slot INTEGER NOT NULL, deliver_at_ms INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS cursors(topic_id INTEGER NOT NULL, name TEXT NOT NULL, mark_delete INTEGER NOT NULL, acked TEXT NOT NULL,
  properties TEXT NOT NULL, PRIMARY KEY(topic_id, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dedup(topic_id INTEGER NOT NULL, producer TEXT NOT NULL, sequence_id INTEGER NOT NULL,
  PRIMARY KEY(topic_id, producer)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schemas(topic TEXT NOT NULL, version INTEGER NOT NULL, type INTEGER NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL,
  properties TEXT NOT NULL, created_ms INTEGER NOT NULL, PRIMARY KEY(topic, version));
CREATE TABLE IF NOT EXISTS committed_acks(topic_id INTEGER NOT NULL, subscription TEXT NOT NULL, batches TEXT NOT NULL,
  PRIMARY KEY(topic_id, subscription)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS transactions(id INTEGER PRIMARY KEY, deadline_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS transaction_entries(entry INTEGER PRIMARY KEY, transaction_id INTEGER NOT NULL, topic_id INTEGER NOT NULL,
  is_aborted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS transaction_entries_by_transaction ON transaction_entries(transaction_id);
CREATE INDEX IF NOT EXISTS transaction_entries_by_topic ON transaction_entries(topic_id);
CREATE TABLE IF NOT EXISTS transaction_acks(id INTEGER PRIMARY KEY, transaction_id INTEGER NOT NULL, topic_id INTEGER NOT NULL,
  subscription TEXT NOT NULL, ack TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS transaction_acks_by_transaction ON transaction_acks(transaction_id);
CREATE INDEX IF NOT EXISTS transaction_acks_by_topic ON transaction_acks(topic_id);
`;

/** The SQLite file of a broker. WAL with synchronous=NORMAL: what is committed survives a SIGKILL of the process, not a power cut. */
export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens or creates `broker.db` in `dataDir`. Throws when another process has it open. */
  constructor(dataDir: string) {
    mkdirSync(dataDir, { recursive: true });
    this.#db = new DatabaseSync(join(dataDir, 'broker.db'));
    try {
      this.#db.exec(
        'PRAGMA page_size=16384; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;',
      );
      this.#db.exec('PRAGMA journal_size_limit=67108864;');
      this.#db.exec(SCHEMA);
    } catch (cause) {
      this.#db.close();
      throw new Error(`cannot open the broker's data in ${dataDir}: is another broker running on it?`, { cause });
    }
  }

  /** A prepared statement, prepared once. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs `body` in one transaction; a throw rolls it back. */
  transaction<Result>(body: () => Result): Result {
    if (this.#db.isTransaction) return body();
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = body();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** Takes the next number of a counter that only grows: ledger ids, topic ids, producer names. */
  nextNumber(counter: string): number {
    const row = this.statement(
      'INSERT INTO counters VALUES(?, 1) ON CONFLICT(name) DO UPDATE SET value = value + 1 RETURNING value',
    ).get(counter) as { value: number };
    return row.value;
  }

  close(): void {
    this.#statements.clear();
    if (this.#db.isOpen) this.#db.close();
  }
}
