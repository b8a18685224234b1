import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { postgresTarget } from '../../../test/e2e/postgres-target.ts';
import { type PostgresAddress, startPostgres } from '../../../test/services/postgres.ts';
import { type Filled, rowsOf, type System, stop, type Writer } from '../system.ts';

const PAGE = 1_000;

const connect = async ({ host, port, user, password, database }: PostgresAddress): Promise<pg.Client> => {
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  return client;
};

const write =
  (address: PostgresAddress): Writer =>
  async ({ configs }, batches) => {
    const client = await connect(address);
    const insert = `INSERT INTO ${configs.tableName} (id, n, text) SELECT * FROM unnest($1::text[], $2::int[], $3::text[])`;
    return async () => {
      for (const batch of batches) {
        const rows = rowsOf(batch);
        const columns = [rows.map(({ id }) => id), rows.map(({ n }) => n), rows.map(({ text }) => text)];
        await client.query({ name: 'insert', text: insert, values: columns });
      }
      await client.end();
    };
  };

const fill = async (address: PostgresAddress, records: number): Promise<Filled> => {
  const client = await connect(address);
  const table = `rows_${randomUUID().replaceAll('-', '')}`;
  await client.query(`CREATE TABLE ${table} (n bigint PRIMARY KEY, id text, text text)`);
  const rows = `SELECT i, 'r-' || i, i || ' ' || repeat('x', 200) FROM generate_series(0, $1 - 1) AS i`;
  await client.query(`INSERT INTO ${table} ${rows}`, [records]);
  const { host, port, user, password, database } = address;
  const text = `SELECT n, id, text FROM ${table} WHERE n > $1 ORDER BY n LIMIT ${PAGE}`;
  return {
    configs: {
      ...{ jdbcUrl: `jdbc:postgresql://${host}:${port}/${database}`, userName: user, password },
      ...{ tableName: table, incrementingColumnName: 'n', batchMaxRows: PAGE },
    },
    raw: async () => async () => {
      let count = 0;
      for (let last = -1; ; ) {
        const found = await client.query({ name: 'page', text, values: [last] });
        if (found.rows.length === 0) return count;
        count += found.rows.map((row) => JSON.stringify(row)).length;
        last = Number(found.rows.at(-1).n);
      }
    },
    dispose: () => client.end(),
  };
};

/** PostgreSQL: `unnest`, and pages of rows, as JSON. */
export const postgres = async (): Promise<System> => {
  const server = await startPostgres();
  return {
    sink: {
      records: 50_000,
      target: () => postgresTarget(server.address),
      modes: { '': { batchSize: 1_000 } },
      raw: write(server.address),
    },
    source: { sourceType: 'jdbc-postgres', records: 50_000, fill: (records) => fill(server.address, records) },
    ...stop(server),
  };
};
