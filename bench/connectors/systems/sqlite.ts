import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sqliteTarget } from '../../../test/e2e/sqlite-target.ts';
import { type Filled, pagesOf, rowsOf, type SinkSide, type System, type Writer } from '../system.ts';

const PAGE = 1_000;

const write: Writer = async ({ configs }, batches) => {
  const database = new DatabaseSync(String(configs.jdbcUrl).slice('jdbc:sqlite:'.length));
  database.exec('PRAGMA synchronous = FULL');
  const insert = database.prepare('INSERT INTO arrived (id, n, text) VALUES (?, ?, ?)');
  return async () => {
    for (const batch of batches) {
      database.exec('BEGIN IMMEDIATE');
      for (const { id, n, text } of rowsOf(batch)) insert.run(id, n, text);
      database.exec('COMMIT');
    }
    database.close();
  };
};

const sink: SinkSide = {
  records: 50_000,
  target: () => sqliteTarget(),
  modes: { '': { batchSize: 1_000 } },
  raw: write,
};

const fill = async (records: number): Promise<Filled> => {
  const path = join(mkdtempSync(join(tmpdir(), 'pio-bench-')), 'rows.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE items (n INTEGER PRIMARY KEY, id TEXT, text TEXT); BEGIN');
  const insert = database.prepare('INSERT INTO items (n, id, text) VALUES (?, ?, ?)');
  for (const { id, n, text } of pagesOf(records, records).flat()) insert.run(n, id, text);
  database.exec('COMMIT');
  const select = database.prepare('SELECT n, id, text FROM items WHERE n > ? ORDER BY n LIMIT ?');
  return {
    configs: { jdbcUrl: `jdbc:sqlite:${path}`, tableName: 'items', incrementingColumnName: 'n', batchMaxRows: PAGE },
    raw: async () => async () => {
      let count = 0;
      for (let last = -1; ; ) {
        const rows = select.all(last, PAGE);
        if (rows.length === 0) return count;
        count += rows.map((row) => JSON.stringify(row)).length;
        last = Number(rows.at(-1)?.n);
      }
    },
    dispose: async () => database.close(),
  };
};

/** SQLite: prepared inserts in one transaction, and pages of rows, as JSON. */
export const sqlite = async (): Promise<System> => ({
  sink,
  source: { sourceType: 'jdbc-sqlite', records: 100_000, fill },
  [Symbol.asyncDispose]: async () => undefined,
});
