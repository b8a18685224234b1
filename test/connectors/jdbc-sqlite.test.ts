import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openSqlite } from '../../src/connectors/jdbc/open-sqlite.ts';
import { jdbcSqliteSink } from '../../src/connectors/jdbc/sqlite-sink.ts';
import type { Clock } from '../../src/core/clock.ts';
import { FRONTIER_START } from '../../src/core/frontier.ts';
import type { RecordResult, SinkRecord } from '../../src/core/record.ts';
import { routedSinkContract } from '../contracts/routed-sink.ts';
import { sinkContract, sinkRecord, transactionalSinkContract } from '../contracts/sink.ts';
import { sinkOutageContract, sinkSchemaContract, sinkValuesContract } from '../contracts/sink-trouble.ts';
import { code } from '../kit/failures.ts';
import { configOf, context, problemsOf } from './open.ts';
import {
  sqliteHarness,
  sqliteOutageHarness,
  sqliteRoutedHarness,
  sqliteSchemaHarness,
  sqliteTarget,
  sqliteValuesHarness,
} from './sqlite-target.ts';

sinkContract('jdbc-sqlite', sqliteHarness);
transactionalSinkContract('jdbc-sqlite', sqliteHarness);
routedSinkContract('jdbc-sqlite', sqliteRoutedHarness);
sinkOutageContract('jdbc-sqlite', sqliteOutageHarness);
sinkSchemaContract('jdbc-sqlite', sqliteSchemaHarness);
sinkValuesContract('jdbc-sqlite', sqliteValuesHarness, {
  binary: { given: Uint8Array.of(0, 255, 10), expected: Uint8Array.of(0, 255, 10) },
  boolean: { given: true, expected: 1n },
  'integer beyond 2^53': { given: 9007199254740993n, expected: 9007199254740993n },
  decimal: { given: '12345678901234567890.0123456789', expected: '12345678901234567890.0123456789' },
  date: { given: '2024-02-29', expected: '2024-02-29' },
  timestamp: { given: '2024-02-29T23:59:59.123456Z', expected: '2024-02-29T23:59:59.123456Z' },
  'null field': { given: null, expected: null },
  nested: { given: { a: [1, { b: 'ž' }], n: 9007199254740993n }, expected: '{"a":[1,{"b":"ž"}],"n":9007199254740993}' },
});

type Target = Awaited<ReturnType<typeof sqliteTarget>>;

const running = () => new AbortController().signal;
const fields = (n: number, value: Record<string, unknown>, more: Partial<SinkRecord> = {}) =>
  sinkRecord(n, { value, ...more });
const message = (result: RecordResult | undefined) => (result && !result.ok ? result.error.message : undefined);

describe('the jdbc-sqlite sink', () => {
  const targets: Target[] = [];
  const target = async (...args: Parameters<typeof sqliteTarget>): Promise<Target> => {
    const made = await sqliteTarget(...args);
    targets.push(made);
    return made;
  };
  afterEach(async () => {
    for (const made of targets.splice(0)) await made.dispose();
  });
  const rows = (of: Target) =>
    of.database
      .prepare('SELECT * FROM items')
      .all()
      .map((row) => ({ ...row }));
  const write = async (of: Target, records: readonly SinkRecord[], more: Record<string, unknown> = {}) => {
    const sink = await of.open(more);
    try {
      return await sink.write(records, running());
    } finally {
      await sink.close();
    }
  };

  test('stores each kind of JSON value in each kind of column as JDBC does', async () => {
    const of = await target({}, 'CREATE TABLE items (i INTEGER, t TEXT, r REAL, n NUMERIC, x, b BOOLEAN)');
    const values = [
      1,
      1.5,
      true,
      false,
      'text',
      null,
      { a: [1, 12345678901234567890n] },
      [1, 'b'],
      2 ** 53,
      9007199254740993n,
    ];
    await write(
      of,
      values.map((it, n) => fields(n, { i: it, t: it, r: it, n: it, x: it, b: it })),
    );
    const types = of.database.prepare('SELECT typeof(i) i, typeof(t) t, typeof(x) x, t AS text FROM items').all();
    expect(types.map((row) => Object.values(row))).toEqual([
      ['integer', 'text', 'integer', '1'],
      ['real', 'text', 'real', '1.5'],
      ['integer', 'text', 'integer', '1'],
      ['integer', 'text', 'integer', '0'],
      ['text', 'text', 'text', 'text'],
      ['null', 'null', 'null', null],
      ['text', 'text', 'text', '{"a":[1,12345678901234567890]}'],
      ['text', 'text', 'text', '[1,"b"]'],
      ['integer', 'text', 'real', '9007199254740992.0'],
      ['integer', 'text', 'integer', '9007199254740993'],
    ]);
  });

  test('takes fields by exact column name, ignores others, and takes none from the prototype', async () => {
    const of = await target({}, 'CREATE TABLE items (id INTEGER, "toString" TEXT, "a ""b""" TEXT)');
    await write(of, [fields(1, { id: 1, ID: 2, unknown: 3, 'a "b"': 'quoted' })]);
    expect(rows(of)).toEqual([{ id: 1, toString: null, 'a "b"': 'quoted' }]);
  });

  test('leaves columns to their defaults with excludeNonDeclaredFields', async () => {
    const of = await target(
      { key: 'id', nonKey: 'a' },
      "CREATE TABLE items (id INTEGER PRIMARY KEY, a TEXT, b TEXT DEFAULT 'given', g AS (id + 1))",
    );
    await write(of, [fields(1, { id: 1, a: 'x', b: 'ignored' })], { excludeNonDeclaredFields: true });
    await write(of, [fields(2, { id: 2, a: 'x', b: 'taken' })]);
    expect(rows(of)).toEqual([
      { id: 1, a: 'x', b: 'given', g: 2 },
      { id: 2, a: 'x', b: 'taken', g: 3 },
    ]);
  });

  test('does what insertMode, or the message property ACTION, says', async () => {
    const of = await target({ key: 'id', nonKey: 'a' }, 'CREATE TABLE items (id INTEGER PRIMARY KEY, a TEXT, b TEXT)');
    await write(
      of,
      [1, 2, 3].map((id) => fields(id, { id, a: 'a', b: 'b' })),
    );
    await write(of, [fields(4, { id: 1, a: 'upserted', b: 'not set' })], { insertMode: 'UPSERT' });
    await write(of, [fields(5, { id: 2, a: 'updated' }), fields(6, { id: 9, a: 'none' })], { insertMode: 'UPDATE' });
    await write(of, [fields(7, { id: 3 })], { insertMode: 'DELETE' });
    await write(of, [
      fields(8, { id: 2 }, { properties: { ACTION: 'DELETE' } }),
      fields(9, { id: 1, a: 'by action' }, { properties: { ACTION: 'UPDATE' } }),
    ]);
    expect(rows(of)).toEqual([{ id: 1, a: 'by action', b: 'b' }]);
    const [unknown] = await write(of, [fields(10, { id: 1 }, { properties: { ACTION: 'MERGE' } })]);
    expect(message(unknown)).toContain('ACTION must be one of INSERT, UPSERT, UPDATE, DELETE');
  });

  test('refuses an update or delete that names no row', async () => {
    const of = await target({ key: 'k', insertMode: 'UPDATE' });
    const results = await write(of, [fields(1, { v: 'x' }), fields(2, { k: null, v: 'x' })]);
    expect(results.map(message)).toEqual([
      expect.stringContaining('key column k'),
      expect.stringContaining('key column k'),
    ]);
    const plain = await target();
    expect(message((await write(plain, [fields(1, {}, { properties: { ACTION: 'DELETE' } })]))[0])).toContain(
      'names no key columns',
    );
  });

  test('handles a message without payload as nullValueAction says', async () => {
    const of = await target({ key: 'a,b' }, 'CREATE TABLE items (a INTEGER, b TEXT, PRIMARY KEY (a, b))');
    await write(of, [fields(1, { a: 1, b: 'x' }), fields(2, { a: 2, b: 'y' })]);
    expect(message((await write(of, [sinkRecord(3, { key: '1' })]))[0])).toContain('nullValueAction is FAIL');
    const results = await write(
      of,
      [sinkRecord(4, { key: '{"a":1,"b":"x"}' }), sinkRecord(5, { key: '1' }), sinkRecord(6, {})],
      { nullValueAction: 'DELETE' },
    );
    expect(results.map(message)).toEqual([
      undefined,
      expect.stringContaining('must be a JSON object with the field a'),
      expect.stringContaining('neither payload nor key'),
    ]);
    expect(rows(of)).toEqual([{ a: 2, b: 'y' }]);
  });

  test('rejects what violates a constraint, naming table, constraint and record', async () => {
    const of = await target(
      {},
      'CREATE TABLE items (id INTEGER PRIMARY KEY, a TEXT NOT NULL, c INTEGER CHECK (c > 0), u TEXT UNIQUE)',
    );
    const results = await write(of, [
      fields(1, { id: 1, a: 'a', u: 'sekrit' }),
      fields(2, { id: 1, a: 'a' }),
      fields(3, { id: 3 }),
      fields(4, { id: 4, a: 'a', c: -5 }),
      fields(5, { id: 5, a: 'a', u: 'sekrit' }),
      fields(6, { id: 'sekrit', a: 'a' }),
      fields(7, { id: 2n ** 64n, a: 'a' }),
      sinkRecord(8, { value: ['sekrit'] }),
      fields(9, { id: 9, a: 'a' }),
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([true, false, false, false, false, false, false, false, true]);
    const told = [
      'UNIQUE constraint failed: items.id',
      'NOT NULL constraint failed: items.a',
      'CHECK constraint failed: c > 0',
      'items.u',
      'datatype mismatch',
      'out of the range',
      'no JSON object',
    ];
    for (const [index, text] of told.entries()) expect(message(results[index + 1])).toContain(text);
    for (const [index, result] of results.entries()) {
      if (result.ok) continue;
      expect(result.error).toEqual(expect.objectContaining({ disposition: 'reject' }));
      expect(result.error.message).toContain(
        `writing persistent://public/default/in 7:${index + 1} to table items of SQLite database ${of.file}`,
      );
      expect(result.error.message).not.toContain('sekrit');
    }
    expect(rows(of)).toHaveLength(2);
  });

  test('undoes what a refused record did through triggers, and keeps the others although a trigger rolls all back', async () => {
    const of = await target(
      {},
      `CREATE TABLE items (id INTEGER PRIMARY KEY, how TEXT); CREATE TABLE log (id INTEGER);
      CREATE TRIGGER noted AFTER INSERT ON items BEGIN
        INSERT INTO log VALUES (new.id);
        SELECT RAISE(FAIL, 'failed') WHERE new.how = 'fail';
        SELECT RAISE(ROLLBACK, 'rolled back') WHERE new.how = 'rollback';
      END`,
    );
    const hows = ['ok', 'fail', 'ok', 'rollback', 'ok', 'rollback', 'fail', 'ok'];
    const results = await write(
      of,
      hows.map((how, id) => fields(id, { id, how })),
    );
    expect(results.map(({ ok }) => ok)).toEqual(hows.map((how) => how === 'ok'));
    expect(rows(of).map(({ id }) => id)).toEqual([0, 2, 4, 7]);
    expect(
      of.database
        .prepare('SELECT id FROM log')
        .all()
        .map(({ id }) => id),
    ).toEqual([0, 2, 4, 7]);
  });

  test('finds the record that violates a constraint which is checked at commit', async () => {
    const of = await target(
      { foreignKeys: true },
      'CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1); CREATE TABLE items (id INTEGER, p INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)',
    );
    const records = [fields(1, { id: 1, p: 1 }), fields(2, { id: 2, p: 7 }), fields(3, { id: 3, p: 1 })];
    expect((await write(of, records)).map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(rows(of)).toHaveLength(2);
    const sink = await of.open();
    const [topic, token] = ['persistent://public/default/in', { generation: 1, epoch: 1 }];
    await sink.fence(topic, token, FRONTIER_START, running());
    const move = { topic, token, from: FRONTIER_START, to: { ...FRONTIER_START, ledgerId: 7 } };
    expect(await sink.transact(records, move, running())).toEqual([undefined, undefined, undefined]);
    expect((await sink.fence(topic, { generation: 1, epoch: 2 }, FRONTIER_START, running())).frontier).toEqual(
      FRONTIER_START,
    );
    await sink.close();
    expect((await write(of, [fields(9, { id: 9, p: 7 })], { foreignKeys: false }))[0]?.ok).toBe(true);
  });

  test('rejects a record that an expression of the table cannot be computed for, and waits when the table is gone', async () => {
    const of = await target({}, "CREATE TABLE items (id INTEGER, j TEXT, x AS (json_extract(j, '$.a')) STORED)");
    const sink = await of.open();
    const results = await sink.write(
      [fields(1, { id: 1, j: 'no json' }), fields(2, { id: 2, j: '{"a":1}' })],
      running(),
    );
    expect(results.map(({ ok }) => ok)).toEqual([false, true]);
    of.database.exec('DROP TABLE items');
    await expect(sink.write([fields(3, { id: 3 })], running())).rejects.toEqual(
      code('PIO_SINK_MISCONFIGURED', 'no such table'),
    );
    of.database.exec('CREATE TABLE items (id INTEGER, j TEXT)');
    expect((await sink.write([fields(4, { id: 4 })], running()))[0]?.ok).toBe(true);
    await sink.close();
  });

  test('says PIO_SINK_MISCONFIGURED when database, table or column is missing, and creates none', async () => {
    const of = await target();
    const opening = (more: Record<string, unknown>) => of.open(more);
    await expect(opening({ jdbcUrl: `jdbc:sqlite:${of.file}.none` })).rejects.toEqual(
      code('PIO_SINK_MISCONFIGURED', '.none: it does not exist'),
    );
    await expect(opening({ jdbcUrl: 'jdbc:sqlite:/no/such/dir/x.db' })).rejects.toEqual(code('PIO_SINK_MISCONFIGURED'));
    await expect(opening({ tableName: 'other' })).rejects.toEqual(code('PIO_SINK_MISCONFIGURED', 'has no table other'));
    await expect(opening({ key: 'nokey', insertMode: 'DELETE' })).rejects.toEqual(
      code('PIO_SINK_MISCONFIGURED', 'without the column nokey'),
    );
    await expect(opening({ key: 'v', insertMode: 'UPSERT' })).rejects.toEqual(
      code('PIO_SINK_MISCONFIGURED', 'ON CONFLICT'),
    );
    expect(() => new DatabaseSync(`file:${of.file}.none?mode=ro`)).toThrow('unable to open');
  });

  test('waits for another writer, and gives up at the deadline with PIO_SINK_UNAVAILABLE', async () => {
    const of = await target();
    let nowMs = 0;
    let onSleep = () => {};
    const clock: Clock = {
      nowMs: () => nowMs,
      monotonicMs: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms;
        onSleep();
      },
    };
    const config = configOf(jdbcSqliteSink, {
      jdbcUrl: `jdbc:sqlite:${of.file}`,
      tableName: 'items',
      busyTimeoutMs: 100,
    });
    const sink = await openSqlite(config, context(), clock);
    of.database.exec('BEGIN IMMEDIATE');
    await expect(sink.write([fields(1, { k: 'a', v: '1' })], running())).rejects.toEqual(
      code('PIO_SINK_UNAVAILABLE', 'locked'),
    );
    expect(nowMs).toBe(100);
    onSleep = () => of.database.isTransaction && of.database.exec('COMMIT');
    expect((await sink.write([fields(1, { k: 'a', v: '1' })], running()))[0]?.ok).toBe(true);
    await sink.close();
  });

  test('serves calls that overlap one after another', async () => {
    const of = await target();
    const sink = await of.open();
    const results = await Promise.all(
      [1, 2, 3].map((n) => sink.write([fields(n, { k: String(n), v: 'x' })], running())),
    );
    expect(results.flat().every(({ ok }) => ok)).toBe(true);
    await sink.close();
  });

  test('keeps the frontiers of connectors apart', async () => {
    const of = await target();
    const config = configOf(jdbcSqliteSink, { jdbcUrl: `jdbc:sqlite:${of.file}`, tableName: 'items' });
    const token = { generation: 1, epoch: 1 };
    for (const uid of ['one', 'two']) {
      const sink = (await jdbcSqliteSink.open(config, context({ uid }))) as Awaited<ReturnType<Target['open']>>;
      expect((await sink.fence('t', token, FRONTIER_START, running())).token).toEqual(token);
      await sink.close();
    }
  });
});

describe('the config of the jdbc-sqlite sink', () => {
  const base = { jdbcUrl: 'jdbc:sqlite:/tmp/x.db', tableName: 't' };

  test("takes Pulsar's config", () => {
    const all = {
      ...base,
      userName: 'u',
      password: 'p',
      key: 'id',
      nonKey: 'a,b',
      timeoutMs: '500',
      batchSize: 200,
      useJdbcBatch: true,
      useTransactions: true,
      insertMode: 'UPSERT',
      nullValueAction: 'DELETE',
      excludeNonDeclaredFields: true,
    };
    expect(problemsOf(jdbcSqliteSink, all)).toEqual([]);
    expect(jdbcSqliteSink.maxBatchRecords?.(configOf(jdbcSqliteSink, all))).toBe(200);
    expect(jdbcSqliteSink.maxBatchRecords?.(configOf(jdbcSqliteSink, base))).toBe(1_000);
  });

  test('refuses what cannot work, and says where', () => {
    expect(problemsOf(jdbcSqliteSink, {})).toEqual(['/configs/jdbcUrl', '/configs/tableName']);
    for (const jdbcUrl of [
      'jdbc:postgresql://h/d',
      'jdbc:sqlite:',
      'jdbc:sqlite::memory:',
      'jdbc:sqlite:a?b=c',
      '/a.db',
    ])
      expect(problemsOf(jdbcSqliteSink, { ...base, jdbcUrl })).toEqual(['/configs/jdbcUrl']);
    expect(problemsOf(jdbcSqliteSink, { ...base, insertMode: 'UPSERT' })).toEqual(['/configs/key']);
    expect(problemsOf(jdbcSqliteSink, { ...base, nullValueAction: 'DELETE' })).toEqual(['/configs/key']);
    expect(problemsOf(jdbcSqliteSink, { ...base, key: 'a', nonKey: 'a' })).toEqual(['/configs/nonKey']);
    expect(problemsOf(jdbcSqliteSink, { ...base, useTransactions: false })).toEqual(['/configs/useTransactions']);
    expect(problemsOf(jdbcSqliteSink, { ...base, insertMode: 'insert' })).toEqual(['/configs/insertMode']);
  });
});
