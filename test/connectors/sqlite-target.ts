import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { jdbcSqliteSink } from '../../src/connectors/jdbc/sqlite-sink.ts';
import type { TransactionalSink } from '../../src/core/connector-type.ts';
import { type SinkHarness, sinkRecord } from '../contracts/sink.ts';
import { configOf, context } from './open.ts';
import { temporaryFolder } from './temporary.ts';

/** A database file of one's own with a table `items (k, v)`, and whatever `schema` adds. */
export const sqliteTarget = async (
  configs: Record<string, unknown> = {},
  schema = 'CREATE TABLE items (k TEXT PRIMARY KEY, v TEXT NOT NULL)',
) => {
  const folder = await temporaryFolder();
  const file = join(folder.path, 'target.db');
  const database = new DatabaseSync(file);
  database.exec(schema);
  const settings = { jdbcUrl: `jdbc:sqlite:${file}`, tableName: 'items', ...configs };
  return {
    file,
    database,
    open: async (more: Record<string, unknown> = {}) =>
      (await jdbcSqliteSink.open(configOf(jdbcSqliteSink, { ...settings, ...more }), context())) as TransactionalSink,
    dispose: async () => {
      database.close();
      await folder.dispose();
    },
  };
};

/** The target for the contracts: rows are upserted, a null in `v` is refused. */
export const sqliteHarness = async (configs: Record<string, unknown> = {}): Promise<SinkHarness> => {
  const target = await sqliteTarget({ insertMode: 'UPSERT', key: 'k', nullValueAction: 'DELETE', ...configs });
  return {
    open: () => target.open(),
    record: (n, k, v) => sinkRecord(n, { key: k, value: { k, v } }),
    poison: (n) => sinkRecord(n, { key: 'sekrit', value: { k: 'sekrit', v: null } }),
    tombstone: (n, key) => sinkRecord(n, { key }),
    contents: async () =>
      Object.fromEntries(
        target.database
          .prepare('SELECT k, v FROM items')
          .all()
          .map(({ k, v }) => [k, v]),
      ) as Record<string, string>,
    dispose: target.dispose,
  };
};
