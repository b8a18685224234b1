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
