import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Target } from './target.ts';

const RECORD = 'id TEXT, n INTEGER, text TEXT';

/** Columns for the persons of the data generator: its number ends a person's `username`. */
export const PERSON_COLUMNS = `username TEXT,
  n INTEGER GENERATED ALWAYS AS (CAST(substr(username, length(rtrim(username, '0123456789')) + 1) AS INTEGER))`;

/** A SQLite table without a key: a repeated write is a second row. */
export const sqliteTarget = async ({ batchSize = 100, columns = RECORD } = {}): Promise<Target> => {
  const path = join(mkdtempSync(join(tmpdir(), 'pio-target-')), 'target.db');
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; CREATE TABLE arrived (${columns})`);
  return {
    name: 'SQLite',
    sinkType: 'jdbc-sqlite',
    configs: { jdbcUrl: `jdbc:sqlite:${path}`, tableName: 'arrived', batchSize },
    sourceConfigs: {},
    repeatsAreRows: true,
    rows: async () => (database.prepare('SELECT count(*) AS c FROM arrived').get() as { c: number }).c,
    distinct: async () => (database.prepare('SELECT count(DISTINCT n) AS c FROM arrived').get() as { c: number }).c,
    read: async () => {
      const rows = database.prepare('SELECT n FROM arrived ORDER BY rowid').all() as { n: number }[];
      return rows.map(({ n }) => n);
    },
    repeatedWrites: async () => {
      const [row] = database.prepare('SELECT count(*) - count(DISTINCT n) AS c FROM arrived').all() as { c: number }[];
      return row?.c ?? 0;
    },
    [Symbol.asyncDispose]: async () => database.close(),
  };
};
