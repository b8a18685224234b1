import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { PostgresAddress } from '../services/index.ts';
import type { Target } from './target.ts';

/** A PostgreSQL table without a key: a repeated write is a second row. */
export const postgresTarget = async ({ host, port, user, password, database }: PostgresAddress): Promise<Target> => {
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  const table = `e2e_${randomUUID().replaceAll('-', '')}`;
  await client.query(`CREATE TABLE ${table} (id text, n integer, text text, arrived serial)`);
  const number = async (sql: string): Promise<number> => Number((await client.query(sql)).rows[0].c);
  return {
    name: 'PostgreSQL',
    sinkType: 'jdbc-postgres',
    configs: {
      jdbcUrl: `jdbc:postgresql://${host}:${port}/${database}`,
      userName: user,
      password,
      tableName: table,
      key: 'id',
      nonKey: 'n,text',
      excludeNonDeclaredFields: true,
      batchSize: 100,
    },
    sourceConfigs: {},
    repeatsAreRows: true,
    rows: () => number(`SELECT count(*) AS c FROM ${table}`),
    distinct: () => number(`SELECT count(DISTINCT n) AS c FROM ${table}`),
    read: async () => {
      const { rows } = await client.query(`SELECT n FROM ${table} ORDER BY arrived`);
      return rows.map(({ n }: { n: number }) => n);
    },
    repeatedWrites: () => number(`SELECT count(*) - count(DISTINCT n) AS c FROM ${table}`),
    [Symbol.asyncDispose]: () => client.end(),
  };
};
