import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Settings of one connection. */
export interface SqliteSettings {
  /** How long a statement waits for another process's write, in milliseconds. It blocks the event loop meanwhile. */
  readonly busyTimeoutMs: number;
  /** NORMAL survives a kill of the process; FULL survives a power cut too, for one fsync a write. */
  readonly synchronous: 'NORMAL' | 'FULL';
  /** The file grows no larger than this; a write beyond is refused as on a full disk. */
  readonly maxBytes?: number;
}

const TABLE = `
  CREATE TABLE IF NOT EXISTS pulsar_io_items (
    pk TEXT NOT NULL,
    sk TEXT NOT NULL,
    version INTEGER NOT NULL,
    data TEXT NOT NULL,
    write_id TEXT NOT NULL,
    expires_at_ms INTEGER,
    PRIMARY KEY (pk, sk)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS pulsar_io_items_expiry ON pulsar_io_items (expires_at_ms) WHERE expires_at_ms IS NOT NULL;`;

/** Opens the file, makes its folder and the table when they are missing. Throws node:sqlite's errors. */
export const openDatabase = (file: string, settings: SqliteSettings): DatabaseSync => {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  const db = new DatabaseSync(file, { timeout: settings.busyTimeoutMs });
  try {
    db.exec('PRAGMA journal_mode = WAL');
    db.exec(`PRAGMA synchronous = ${settings.synchronous}`);
    db.exec(TABLE);
    if (settings.maxBytes !== undefined) limitSize(db, settings.maxBytes);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
};

const limitSize = (db: DatabaseSync, maxBytes: number): void => {
  const pageBytes = Number(db.prepare('PRAGMA page_size').get()?.page_size);
  db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageBytes))}`);
};

/** A row of the table. */
export interface ItemRow {
  readonly sk: string;
  readonly version: number;
  readonly data: string;
  readonly write_id: string;
}

/** The statements of the store. Writes are executed with `run`, never `get`: node:sqlite does not see a commit that fails after `get`. */
export const prepareStatements = (db: DatabaseSync) => ({
  get: db.prepare('SELECT sk, version, data, write_id FROM pulsar_io_items WHERE pk = ? AND sk = ?'),
  insert: db.prepare(
    `INSERT INTO pulsar_io_items (version, data, write_id, expires_at_ms, pk, sk) VALUES (1, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  ),
  update: db.prepare(
    `UPDATE pulsar_io_items SET version = version + 1, data = ?, write_id = ?, expires_at_ms = ?
     WHERE pk = ? AND sk = ? AND version = ?`,
  ),
  delete: db.prepare('DELETE FROM pulsar_io_items WHERE pk = ? AND sk = ? AND version = ?'),
  // The byte ff sorts after all UTF-8. The unary + keeps the third term from being the one that the index starts from.
  query: db.prepare(
    `SELECT sk, version, data, write_id FROM pulsar_io_items
     WHERE pk = :pk AND sk >= max(:prefix, :after) AND sk < :prefix || CAST(x'ff' AS TEXT) AND +sk > :after
     ORDER BY sk LIMIT :limit`,
  ),
  purge: db.prepare(
    `DELETE FROM pulsar_io_items
     WHERE rowid IN (SELECT rowid FROM pulsar_io_items WHERE expires_at_ms < ? LIMIT 1000)`,
  ),
});
