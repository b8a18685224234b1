import pg from 'pg';
import { changingDatabase } from '../../../test/connectors/changing-database.ts';
import { type PostgresAddress, startPostgres } from '../../../test/services/postgres.ts';
import type { Filled, System } from '../system.ts';
import { stop } from '../system.ts';

/** Where a message of the log begins in what the server sends of it, and the one that tells of a new row. */
const MESSAGE_AT = 25;
const INSERT = 'I'.charCodeAt(0);

type Copying = { on(event: 'copyData', listener: (message: { readonly chunk: Buffer }) => void): void };

const fill = async (address: PostgresAddress, records: number): Promise<Filled> => {
  const database = await changingDatabase(address, 'n bigint PRIMARY KEY, id text, text text');
  const configs = { ...database.configs, 'snapshot.mode': 'never' };
  await database.begin(configs);
  const rows = `SELECT i, 'r-' || i, i || ' ' || repeat('x', 200) FROM generate_series(0, $1 - 1) AS i`;
  await database.query(`INSERT INTO items ${rows}`, [records]);
  const { host, port, user, password } = address;
  const server = { host, port, user, password, database: configs['database.dbname'] };
  return {
    configs,
    raw: async () => {
      const client = new pg.Client({ ...server, replication: 'database' } as pg.ClientConfig);
      await client.connect();
      return () => countInserts(client, database.slot, records);
    },
    dispose: database.dispose,
  };
};

const countInserts = async (client: pg.Client, slot: string, records: number): Promise<number> => {
  const done = Promise.withResolvers<void>();
  let count = 0;
  (client as unknown as { connection: Copying }).connection.on('copyData', ({ chunk }) => {
    if (chunk[MESSAGE_AT] === INSERT) count += 1;
    if (count === records) done.resolve();
  });
  const options = "proto_version '1', publication_names 'dbz_publication'";
  client.query(`START_REPLICATION SLOT ${slot} LOGICAL 0/0 (${options})`).catch(done.reject);
  await done.promise;
  client.end().catch(() => undefined);
  return count;
};

/** Changes of a PostgreSQL table: the messages of `pgoutput` as `pg` gives them, counted. */
export const debezium = async (): Promise<System> => {
  const server = await startPostgres();
  return {
    source: { sourceType: 'debezium-postgres', records: 50_000, fill: (records) => fill(server.address, records) },
    ...stop(server),
  };
};
