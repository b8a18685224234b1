import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { jdbcPostgresSource } from '../../src/connectors/jdbc/postgres/source.ts';
import type { LogSourceType } from '../../src/core/connector-type.ts';
import { configOf, context } from '../connectors/open.ts';
import { postgresTarget } from '../connectors/postgres-target.ts';
import { readAll, sourceContract, textOf } from '../contracts/source.ts';
import { describeReal, usePostgres } from '../services/index.ts';

const type = jdbcPostgresSource as LogSourceType;
const COLUMNS = 'id bigserial PRIMARY KEY, v text, at timestamp';

const MODES = {
  incrementing: { incrementingColumnName: 'id' },
  timestamp: { mode: 'timestamp', timestampColumnName: 'at' },
  'timestamp+incrementing': { mode: 'timestamp+incrementing', timestampColumnName: 'at', incrementingColumnName: 'id' },
};

describeReal('rows of a PostgreSQL table', ['postgres'], () => {
  const table = async (configs: Record<string, unknown> = MODES.incrementing) => {
    const { user, password, port } = usePostgres();
    const target = await postgresTarget(usePostgres(), {}, COLUMNS);
    const settings = { jdbcUrl: target.urlAt(port), userName: user, password, tableName: 'items', batchMaxRows: 4 };
    const open = async (more: object = {}) =>
      type.open(configOf(type, { ...settings, ...configs, ...more }), context());
    const texts = async (): Promise<string[]> => (await readAll(await open(), 'rows')).map(textOf);
    return { ...target, open, texts };
  };

  describe.each(Object.entries(MODES))('mode %s', (mode, configs) => {
    sourceContract(`jdbc-postgres, ${mode}`, async () => {
      const target = await table(configs);
      const insert = async (v: string, at: string): Promise<string> => {
        const sql = 'INSERT INTO items (v, at) VALUES ($1, $2) RETURNING to_json(items)::text AS json';
        return (await target.client.query(sql, [v, at])).rows[0].json;
      };
      const texts: string[] = [];
      for (let n = 0; n < 7; n++) texts.push(await insert(`v${n}`, `2026-01-0${1 + Math.floor(n / 3)} 00:00:00`));
      return {
        type,
        open: target.open,
        partition: 'rows',
        texts,
        grow: async () => [
          await insert('more', '2026-01-04 00:00:00'),
          await insert('and more', '2026-01-05 00:00:00'),
        ],
        dispose: target.dispose,
      };
    });
  });

  test('reads nothing above a number that is not committed yet', async () => {
    const { host, port, user, password, database } = usePostgres();
    const target = await table();
    const slow = new pg.Client({ host, port, user, password, database });
    await slow.connect();
    await slow.query(`SET search_path = ${target.schema}; BEGIN; INSERT INTO items (v) VALUES ('first')`);
    await target.client.query("INSERT INTO items (v) VALUES ('second')");
    const source = await target.open({ writerWaitMs: 100 });
    expect(await readAll(source, 'rows')).toEqual([]);
    const waiting = await target.open({ writerWaitMs: 60_000 });
    const reading = readAll(waiting, 'rows');
    await slow.query('COMMIT');
    expect((await reading).map(({ sequence }) => sequence)).toEqual([1, 2]);
    await Promise.all([source.close(), waiting.close(), slow.end()]);
    await target.dispose();
  });

  test('writes values of every kind as to_json does', async () => {
    const target = await table();
    await target.client.query(`
      CREATE TYPE mood AS ENUM ('so "so"', 'fine'); CREATE DOMAIN amount AS numeric(40, 20); CREATE TYPE pair AS (a int, b text);
      ALTER TABLE items ADD s smallint, ADD i int, ADD r real, ADD f float8, ADD m numeric, ADD d amount, ADD yes bool, ADD no bool, ADD c char(5), ADD k varchar(9), ADD u uuid,
        ADD j json, ADD jb jsonb, ADD date date, ADD z timestamptz, ADD t time, ADD iv interval, ADD b bytea, ADD e mood, ADD p pair, ADD l int[], ADD tl text[], ADD o oid, ADD "a ""name"" ä" text, ADD money money, ADD ip inet, ADD un name;
      INSERT INTO items (v, at, s, i, r, f, m, d, yes, no, c, k, u, j, jb, date, z, t, iv, b, e, p, l, tl, o, "a ""name"" ä", money, ip, un) VALUES
        (E'quote " back \\ tab \t line \n bell \u0007 del \u007f 😀', '2026-01-02 03:04:05.000006', -32768, 2147483647, 0.1, 1e300, 123456789012345678901234567890.1234567890, 0.5, true, false, 'ab', 'x', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
         '{"b" : 1.0,  "a":[1e3]}', '{"b": 1.0, "a": 9007199254740993}', '0044-03-15 BC', '2026-01-02 03:04:05+02', '03:04:05.5', '1 day 2 hours', '\\x00ff', 'so "so"', (1, 'two "2"'), '{1,NULL,3}', '{"a,b",NULL,"{"}', 4294967295, 'ö', 12.5, '::1/64', 'name'),
        ('', 'infinity', 0, 0, 'NaN', '-Infinity', 'NaN', 0, NULL, NULL, '', '', NULL, 'null', '"text"', 'infinity', '-infinity', NULL, NULL, '', NULL, NULL, '{}', '{{a},{b}}', 0, NULL, NULL, NULL, NULL);
      INSERT INTO items (v) VALUES (NULL)`);
    const { rows } = await target.client.query('SELECT to_json(items)::text AS json FROM items ORDER BY id');
    expect(rows).toHaveLength(3);
    expect(await target.texts()).toEqual(rows.map(({ json }) => json));
    await target.dispose();
  });

  test('ends where a column gets another type between pages', async () => {
    const target = await table();
    await target.client.query("INSERT INTO items (v) SELECT 'x' FROM generate_series(1, 4)");
    const source = await target.open({ batchMaxRows: 1 });
    const pages = source.read('rows', undefined, new AbortController().signal)[Symbol.asyncIterator]();
    await pages.next();
    await target.client.query('ALTER TABLE items ALTER v TYPE text[] USING ARRAY[v]');
    const rest = async (): Promise<void> => {
      while (!(await pages.next()).done);
    };
    await expect(rest()).rejects.toMatchObject({ code: 'PIO_SOURCE_UNAVAILABLE' });
    await source.close();
    const again = await target.texts();
    expect(again.map((text) => JSON.parse(text).v)).toEqual([['x'], ['x'], ['x'], ['x']]);
    await target.dispose();
  });

  test('says what is wrong with a table, a column, a password or a server', async () => {
    const target = await table();
    await expect(target.open({ tableName: 'none' })).rejects.toMatchObject({ code: 'PIO_SOURCE_MISCONFIGURED' });
    await expect(target.open({ password: 'wrong' })).rejects.toMatchObject({ code: 'PIO_SOURCE_MISCONFIGURED' });
    const away = target.open({ jdbcUrl: 'jdbc:postgresql://127.0.0.1:9/x' });
    await expect(away).rejects.toMatchObject({ code: 'PIO_SOURCE_UNAVAILABLE' });
    const source = await target.open({ incrementingColumnName: 'none' });
    await expect(readAll(source, 'rows')).rejects.toMatchObject({ code: 'PIO_SOURCE_MISCONFIGURED' });
    await source.close();
    await target.dispose();
  });
});
