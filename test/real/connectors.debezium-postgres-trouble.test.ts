import { expect, test } from '@jest/globals';
import type { Position } from '../../src/core/position.ts';
import { changeOf } from '../connectors/change-of.ts';
import { changingDatabase, debezium } from '../connectors/changing-database.ts';
import { startCutProxy } from '../connectors/cut-proxy.ts';
import { readAll, textOf } from '../contracts/source.ts';
import { sourceOutageContract, sourceSchemaContract, sourceValuesContract } from '../contracts/source-trouble.ts';
import { describeReal, usePostgres } from '../services/index.ts';
import { startPostgres } from '../services/postgres.ts';

const NEVER = { 'snapshot.mode': 'never', 'slot.retry.delay.ms': 100, 'slot.max.retries': 1 };

describeReal('debezium-postgres in trouble, on a real server', ['postgres'], () => {
  /** A database whose slot is there, and the texts of what was inserted after. */
  const filled = async (columns?: string) => {
    const database = await changingDatabase(usePostgres(), columns);
    await database.begin(NEVER);
    return database;
  };
  const insert = async (database: Awaited<ReturnType<typeof filled>>, k: number): Promise<string> => {
    await database.query('INSERT INTO items (k, v) VALUES ($1, $2)', [k, `row ${k}`]);
    const source = await database.open(NEVER);
    const text = (await readAll(source, 'changes')).map(textOf).at(-1) as string;
    await source.close();
    return text;
  };

  sourceOutageContract('debezium-postgres', async () => {
    const database = await filled();
    const proxy = await startCutProxy(usePostgres().host, usePostgres().port);
    return {
      type: debezium,
      open: () => database.open({ ...NEVER, 'database.hostname': '127.0.0.1', 'database.port': proxy.port }),
      partition: 'changes',
      texts: [await insert(database, 1), await insert(database, 2)],
      outage: () => proxy.cut(),
      grow: async () => [await insert(database, 3)],
      dispose: async () => {
        await proxy.close();
        await database.dispose();
      },
    };
  });

  sourceSchemaContract('debezium-postgres', async () => {
    const database = await filled();
    return {
      type: debezium,
      open: () => database.open(NEVER),
      partition: 'changes',
      texts: [await insert(database, 1), await insert(database, 2)],
      widen: async () => {
        await database.query("ALTER TABLE items ADD COLUMN added text DEFAULT 'new'");
        const text = await insert(database, 3);
        expect(JSON.parse(text).after).toEqual({ k: 3, v: 'row 3', added: 'new' });
        return text;
      },
      dispose: database.dispose,
    };
  });

  const TYPES: Readonly<Record<string, string>> = {
    binary: 'bytea',
    boolean: 'boolean',
    'integer beyond 2^53': 'bigint',
    decimal: 'numeric',
    date: 'date',
    timestamp: 'timestamptz',
    'null field': 'integer',
    nested: 'jsonb[]',
  };
  sourceValuesContract(
    'debezium-postgres',
    async () => {
      const columns = Object.entries(TYPES).map(([kind, type]) => `"${kind}" ${type}`);
      const database = await filled(`k serial PRIMARY KEY, ${columns.join(', ')}`);
      return {
        open: () => database.open({ ...NEVER, 'decimal.handling.mode': 'string' }),
        partition: 'changes',
        put: async (kind, value) => void (await database.query(`INSERT INTO items ("${kind}") VALUES ($1)`, [value])),
        view: (record, kind) => new RegExp(`"${kind.replace('^', '\\^')}":(.*?)[,}]"?`).exec(textOf(record))?.[1],
        dispose: database.dispose,
      };
    },
    {
      binary: { given: Buffer.from([0, 255]), expected: '"AP8="' },
      boolean: { given: true, expected: 'true' },
      'integer beyond 2^53': { given: '9007199254740993', expected: '9007199254740993' },
      decimal: { given: '12345678901234567890.12', expected: '"12345678901234567890.12"' },
      date: { given: '2026-11-21', expected: '20778' },
      timestamp: { given: '2026-11-21T20:00:00.123456Z', expected: '"2026-11-21T20:00:00.123456Z"' },
      'null field': { given: null, expected: 'null' },
      nested: { given: ['{"a": 1}'], expected: '["{\\"a\\": 1' },
    },
  );

  test('a slot that is gone, made anew or moved stops the source instead of going on', async () => {
    const database = await filled();
    await insert(database, 1);
    const source = await database.open(NEVER);
    const end = (await readAll(source, 'changes')).at(-1)?.position as Position;
    const fails = () =>
      expect(readAll(source, 'changes', end)).rejects.toMatchObject({
        code: 'PIO_SOURCE_CHANGED',
        disposition: 'fatal',
      });
    await database.query('SELECT pg_drop_replication_slot($1)', [database.slot]);
    await fails();
    await database.query("INSERT INTO items VALUES (2, 'two')");
    await database.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [database.slot]);
    await fails();
    await expect(readAll(source, 'changes', { ...end, lsn: 'FFFF/0' })).rejects.toMatchObject({
      code: 'PIO_SOURCE_CHANGED',
    });
    await source.close();
    await database.dispose();
  });

  test('a slot that somebody else reads is waited for, and then named', async () => {
    const database = await filled();
    for (let k = 0; k < 3; k++) await insert(database, k);
    const [reader, other] = await Promise.all([database.open(NEVER), database.open(NEVER)]);
    for await (const _ of reader.read('changes', undefined, new AbortController().signal)) {
      await expect(readAll(other, 'changes')).rejects.toMatchObject({
        code: 'PIO_SOURCE_UNAVAILABLE',
        message: expect.stringContaining(`${database.slot} is read by somebody else`),
      });
      break;
    }
    expect(await readAll(other, 'changes')).toHaveLength(3);
    await Promise.all([reader.close(), other.close()]);
    await database.dispose();
  });

  test('a snapshot that a killed run left half written is nobody’s: the next one is whole', async () => {
    const database = await changingDatabase(usePostgres());
    await database.query("INSERT INTO items SELECT n, repeat('x', 100) FROM generate_series(1, 450) n");
    await database.begin();
    await database.query('DELETE FROM items WHERE k > 440');
    const pin = await database.begin();
    const source = await database.open();
    const records = (await readAll(source, 'changes', pin)).filter(({ isMark }) => !isMark);
    expect(records.map((record) => changeOf(record)[0]).join('')).toBe('r'.repeat(440));
    const middle = records[250]?.position as Position;
    const rest = (await readAll(source, 'changes', middle)).filter(({ isMark }) => !isMark);
    expect(rest).toEqual(records.slice(251));
    await source.close();
    await database.dispose();
  });

  test('a slot moves on while the database is busy and our tables are not', async () => {
    const database = await changingDatabase(usePostgres());
    const lists = { ...NEVER, 'publication.autocreate.mode': 'filtered', 'table.include.list': 'public.items' };
    const pin = await database.begin(lists);
    await database.query("CREATE TABLE noise AS SELECT n, repeat('x', 500) AS t FROM generate_series(1, 50000) n");
    const source = await database.open(lists);
    const [mark, ...others] = await readAll(source, 'changes', pin);
    expect(others).toEqual([]);
    expect(mark).toMatchObject({ isMark: true, sequence: -1 });
    const position = mark?.position as Position;
    await source.committed?.('changes', { position, sequence: -1 }, new AbortController().signal);
    await source.close();
    expect(await database.confirmed()).toBe(position.lsn);
    await database.dispose();
  });

  test('a slot whose log the server removed stops the source', async () => {
    const server = await startPostgres({ settings: ['max_slot_wal_keep_size = 1MB', 'max_wal_size = 32MB'] });
    const database = await changingDatabase(server.address);
    const pin = await database.begin(NEVER);
    for (let n = 0; n < 3; n++) await database.query('SELECT pg_switch_wal(); CHECKPOINT');
    await database.query("CREATE TABLE noise AS SELECT n, repeat('x', 500) AS t FROM generate_series(1, 50000) n");
    for (let n = 0; n < 3; n++) await database.query('SELECT pg_switch_wal(); CHECKPOINT');
    const source = await database.open(NEVER);
    await expect(readAll(source, 'changes', pin)).rejects.toMatchObject({
      code: 'PIO_SOURCE_CHANGED',
      disposition: 'fatal',
      message: expect.stringContaining('removed log that it needs'),
    });
    await source.close();
    await database.dispose();
    await server.stop();
  }, 240_000);

  test('passes by what the lists leave out, and says what is wrong with password, database or publication', async () => {
    const database = await changingDatabase(usePostgres());
    await database.query('CREATE TABLE others (k integer PRIMARY KEY)');
    const lists = { 'table.exclude.list': 'public.others', 'column.exclude.list': 'public.items.v' };
    const pin = await database.begin(lists);
    await database.query("INSERT INTO others VALUES (1); INSERT INTO items VALUES (1, 'hidden'); TRUNCATE items");
    const source = await database.open({ ...lists, 'skipped.operations': 'none' });
    const records = (await readAll(source, 'changes', pin)).filter(({ isMark }) => !isMark);
    expect(records.map(changeOf)).toEqual(['c null {"k":1}', 't null null']);
    await source.close();
    const wrong = { code: 'PIO_SOURCE_MISCONFIGURED' };
    await expect(database.open({ 'database.password': 'wrong' })).rejects.toMatchObject(wrong);
    await expect(database.open({ 'database.dbname': 'none' })).rejects.toMatchObject(wrong);
    const none = { 'publication.name': 'none', 'publication.autocreate.mode': 'disabled' };
    await expect(database.begin(none)).rejects.toMatchObject(wrong);
    await expect(database.open({ 'database.hostname': '127.0.0.1', 'database.port': 9 })).rejects.toMatchObject({
      code: 'PIO_SOURCE_UNAVAILABLE',
    });
    await database.dispose();
  });
});
