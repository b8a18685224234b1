import { describe, expect, test } from '@jest/globals';
import { jdbcPostgresSource } from '../../src/connectors/jdbc/postgres/source.ts';
import { jdbcSqliteSource } from '../../src/connectors/jdbc/sqlite-source.ts';
import type { LogSourceType } from '../../src/core/connector-type.ts';
import { readAll, sourceContract, textOf } from '../contracts/source.ts';
import { configOf, context, problemsOf } from './open.ts';
import { sqliteTarget } from './sqlite-target.ts';

const type = jdbcSqliteSource as LogSourceType;

const table = async (configs: Record<string, unknown> = { incrementingColumnName: 'id' }) => {
  const target = await sqliteTarget(
    {},
    "CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT, at TEXT DEFAULT '2026-01-01 00:00:00')",
  );
  const settings = { jdbcUrl: `jdbc:sqlite:${target.file}`, tableName: 'items', batchMaxRows: 4, ...configs };
  return { ...target, open: async () => type.open(configOf(type, settings), context()) };
};

const MODES = {
  incrementing: { incrementingColumnName: 'id' },
  timestamp: { mode: 'timestamp', timestampColumnName: 'at' },
  'timestamp+incrementing': { mode: 'timestamp+incrementing', timestampColumnName: 'at', incrementingColumnName: 'id' },
};

describe.each(Object.entries(MODES))('mode %s', (mode, configs) => {
  sourceContract(`jdbc-sqlite, ${mode}`, async () => {
    const target = await table(configs);
    const insert = (v: string, at: string): string => {
      const { lastInsertRowid: id } = target.database.prepare('INSERT INTO items (v, at) VALUES (?, ?)').run(v, at);
      return JSON.stringify({ id: Number(id), v, at });
    };
    // Three rows of each time: pages end within one.
    const texts = Array.from({ length: 11 }, (_, n) => insert(`v${n}`, `2026-01-0${1 + Math.floor(n / 3)} 00:00:00`));
    return {
      type,
      open: target.open,
      partition: 'rows',
      texts,
      grow: async () => [insert('more', '2026-01-04 00:00:00'), insert('and more', '2026-01-05 00:00:00')],
      dispose: target.dispose,
    };
  });
});

const AT_HOME = { jdbcUrl: 'jdbc:sqlite:/tmp/x.db', tableName: 't', incrementingColumnName: 'id' };

test.each([
  [{ query: 'SELECT 1' }, '/configs/tableName'],
  [{ incrementingColumnName: null }, '/configs/incrementingColumnName'],
  [{ mode: 'timestamp+incrementing' }, '/configs/timestampColumnName'],
  [{ jdbcUrl: 'jdbc:sqlite::memory:' }, '/configs/jdbcUrl'],
])('refuses %j', (more, path) => {
  expect(problemsOf(type, { ...AT_HOME, ...more })).toEqual([path]);
});

test('takes EFFECTIVELY_ONCE for growing numbers of a table alone', () => {
  const both = [type, jdbcPostgresSource as LogSourceType];
  const urls = ['jdbc:sqlite:/tmp/x.db', 'jdbc:postgresql://db/x'];
  for (const [at, one] of both.entries()) {
    const of = (more: object) => problemsOf(one, { ...AT_HOME, jdbcUrl: urls[at], ...more }, 'EFFECTIVELY_ONCE');
    expect(of({})).toEqual([]);
    expect(of({ mode: 'timestamp', timestampColumnName: 'at', incrementingColumnName: null })).toEqual([
      '/configs/mode',
    ]);
    expect(of({ tableName: null, query: 'SELECT * FROM t' })).toEqual(['/configs/query']);
  }
});

test('gives numbers beyond 2^53, blobs and nulls, and the key column', async () => {
  const target = await sqliteTarget({}, 'CREATE TABLE items (id INTEGER PRIMARY KEY, big INTEGER, b BLOB, n REAL)');
  target.database.exec("INSERT INTO items VALUES (7, 9007199254740993, x'0102', NULL)");
  const settings = { jdbcUrl: `jdbc:sqlite:${target.file}`, tableName: 'items', incrementingColumnName: 'id' };
  const source = await type.open(configOf(type, { ...settings, keyField: 'big' }), context());
  const [record] = await readAll(source, 'rows');
  expect(record).toMatchObject({ key: '9007199254740993', sequence: 7 });
  expect(textOf(record as never)).toBe('{"id":7,"big":9007199254740993,"b":"AQI=","n":null}');
  await source.close();
  await target.dispose();
});

test('reads a query, and leaves rows that are too young', async () => {
  const target = await table({
    tableName: null,
    query: "SELECT * FROM items WHERE v <> 'no'",
    mode: 'timestamp',
    timestampColumnName: 'at',
    timestampDelayIntervalMs: 3_600_000,
  });
  target.database.exec("INSERT INTO items (v) VALUES ('yes'), ('no')");
  target.database.exec("INSERT INTO items (v, at) VALUES ('young', datetime('now'))");
  const source = await target.open();
  expect((await readAll(source, 'rows')).map((record) => JSON.parse(textOf(record)).v)).toEqual(['yes']);
  await source.close();
  await target.dispose();
});

test('says what is wrong with a file, table or number', async () => {
  const target = await table();
  await expect(
    type.open(configOf(type, { ...AT_HOME, jdbcUrl: 'jdbc:sqlite:/tmp/none/x.db' }), context()),
  ).rejects.toMatchObject({ code: 'PIO_SOURCE_MISCONFIGURED' });
  target.database.exec('INSERT INTO items (id) VALUES (-1), (-2)');
  const source = await target.open();
  await expect(readAll(source, 'rows')).rejects.toMatchObject({
    code: 'PIO_SOURCE_RECORD_INVALID',
    disposition: 'fatal',
  });
  target.database.exec('DROP TABLE items');
  await expect(readAll(source, 'rows')).rejects.toMatchObject({ code: 'PIO_SOURCE_MISCONFIGURED' });
  await source.close();
  await target.dispose();
});
