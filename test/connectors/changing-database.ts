import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { debeziumPostgresSource } from '../../src/connectors/debezium-postgres/source.ts';
import type { LogSourceType, OpenLogSource } from '../../src/core/connector-type.ts';
import type { Position } from '../../src/core/position.ts';
import type { PostgresAddress } from '../services/index.ts';
import { configOf, context } from './open.ts';

/** The type under test. */
export const debezium = debeziumPostgresSource as LogSourceType;

/** A database of one's own with a table `items (k, v)`, or what `columns` says; slots belong to a database. */
export const changingDatabase = async (address: PostgresAddress, columns = 'k integer PRIMARY KEY, v text') => {
  const id = randomUUID().replaceAll('-', '');
  const { host, port, user, password } = address;
  const admin = new pg.Client({ host, port, user, password, database: address.database });
  await admin.connect();
  await admin.query(`CREATE DATABASE d_${id}`);
  const client = new pg.Client({ host, port, user, password, database: `d_${id}` });
  await client.connect();
  await client.query(`CREATE TABLE items (${columns})`);
  const slot = `s_${id}`;
  const configs = {
    'database.hostname': host,
    'database.port': port,
    'database.user': user,
    'database.password': password,
    'database.dbname': `d_${id}`,
    'database.server.name': 'test',
    'slot.name': slot,
  };
  const open = (more: Record<string, unknown> = {}): Promise<OpenLogSource> =>
    debezium.open(configOf(debezium, { ...configs, ...more }), context());
  return {
    client,
    slot,
    configs,
    open,
    query: async (sql: string, values?: unknown[]) => (await client.query(sql, values)).rows,
    confirmed: async (): Promise<string> =>
      (
        await admin.query('SELECT confirmed_flush_lsn::text AS at FROM pg_replication_slots WHERE slot_name = $1', [
          slot,
        ])
      ).rows[0]?.at,
    /** Publication and slot, and where the records begin. */
    begin: async (more: Record<string, unknown> = {}): Promise<Position> => {
      const source = await open(more);
      try {
        return (await source.begin?.('changes', new AbortController().signal)) as Position;
      } finally {
        await source.close();
      }
    },
    dispose: async () => {
      await client.end();
      const drop =
        'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND NOT active';
      await admin.query(drop, [slot]);
      await admin.query(`DROP DATABASE IF EXISTS d_${id} WITH (FORCE)`).catch(() => undefined);
      await admin.end();
    },
  };
};
