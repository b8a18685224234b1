import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { jdbcSqliteSink } from '../../src/connectors/jdbc/sqlite-sink.ts';
import type { TransactionalSink } from '../../src/core/connector-type.ts';
import type { RoutedSinkHarness } from '../contracts/routed-sink.ts';
import { type SinkHarness, sinkRecord } from '../contracts/sink.ts';
import type { SinkOutageHarness, SinkSchemaHarness, SinkValuesHarness } from '../contracts/sink-trouble.ts';
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
export const sqliteHarness = async (configs: Record<string, unknown> = {}): Promise<SinkHarness> =>
  harnessOf(await sqliteTarget({ insertMode: 'UPSERT', key: 'k', nullValueAction: 'DELETE', ...configs }));

const harnessOf = (target: Awaited<ReturnType<typeof sqliteTarget>>): SinkHarness => ({
  open: () => target.open(),
  record: (n, k, v) => sinkRecord(n, { key: k, value: { k, v } }),
  poison: (n) => sinkRecord(n, { key: 'sekrit', value: { k: 'sekrit', v: null } }),
  tombstone: (n, key) => sinkRecord(n, { key }),
  contents: async () => contentsOf(target, 'items'),
  dispose: target.dispose,
});

const contentsOf = ({ database }: Awaited<ReturnType<typeof sqliteTarget>>, table: string): Record<string, string> => {
  const rows = database.prepare(`SELECT k, v FROM "${table}"`).all();
  return Object.fromEntries(rows.map(({ k, v }) => [k, v])) as Record<string, string>;
};

/** The same with another table, named in Unicode and with quotes. */
export const sqliteRoutedHarness = async (): Promise<RoutedSinkHarness> => {
  const target = await sqliteTarget({ insertMode: 'UPSERT', key: 'k', nullValueAction: 'DELETE' });
  const other = "další 'items'";
  target.database.exec(`CREATE TABLE "${other}" (k TEXT PRIMARY KEY, v TEXT NOT NULL); CREATE TABLE keyless (v TEXT)`);
  return {
    ...harnessOf(target),
    ...{ home: 'items', other },
    otherContents: async () => contentsOf(target, other),
    removeOther: async () => target.database.exec(`DROP TABLE "${other}"`),
    refused: ['sekrit', 'keyless', 'pulsar_io_checkpoint', 'PULSAR_IO_CHECKPOINT', 'sqlite_schema', '', 'a\0b'],
  };
};

/** The same, which another process may lock: that is how a file goes away. */
export const sqliteOutageHarness = async (): Promise<SinkOutageHarness> => {
  const target = await sqliteTarget({
    insertMode: 'UPSERT',
    key: 'k',
    nullValueAction: 'DELETE',
    busyTimeoutMs: 20,
  });
  return {
    ...harnessOf(target),
    outage: async () => {
      target.database.exec('BEGIN EXCLUSIVE');
      return async () => target.database.exec('ROLLBACK');
    },
  };
};

/** A table whose column keeps whatever it is given. */
export const sqliteValuesHarness = async (): Promise<SinkValuesHarness> => {
  const target = await sqliteTarget({}, 'CREATE TABLE items (k TEXT, v)');
  return {
    open: () => target.open(),
    record: (n, k, v) => sinkRecord(n, { value: { k, v } }),
    read: async (kind) => {
      const select = target.database.prepare('SELECT v FROM items WHERE k = ?');
      select.setReadBigInts(true);
      return select.get(kind)?.v;
    },
    dispose: target.dispose,
  };
};

/** A table that is altered. */
export const sqliteSchemaHarness = async (): Promise<SinkSchemaHarness> => {
  const target = await sqliteTarget({ insertMode: 'UPSERT', key: 'k' });
  const { database } = target;
  return {
    open: () => target.open(),
    record: (n, k, v, added) => sinkRecord(n, { key: k, value: { k, v, ...(added !== undefined && { added }) } }),
    widen: async () => database.exec('ALTER TABLE items ADD COLUMN added TEXT'),
    remove: async () => {
      database.exec('ALTER TABLE items RENAME TO away');
      return async () => database.exec('ALTER TABLE away RENAME TO items');
    },
    row: async (key) =>
      database.prepare('SELECT * FROM items WHERE k = ?').get(key) as { v: string; added?: string } | undefined,
    dispose: target.dispose,
  };
};
