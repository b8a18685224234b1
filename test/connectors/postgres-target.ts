import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { jdbcPostgresSink } from '../../src/connectors/jdbc/postgres/sink.ts';
import type { OpenContext, TransactionalSink } from '../../src/core/connector-type.ts';
import type { RoutedSinkHarness } from '../contracts/routed-sink.ts';
import { type SinkHarness, sinkRecord } from '../contracts/sink.ts';
import type { SinkOutageHarness, SinkSchemaHarness, SinkValuesHarness } from '../contracts/sink-trouble.ts';
import type { PostgresAddress } from '../services/index.ts';
import { startCutProxy, withOutage } from './cut-proxy.ts';
import { configOf, context } from './open.ts';

/** A schema of one's own with a table `items (k, v)`, or what `columns` says. */
export const postgresTarget = async (
  { host, port, user, password, database }: PostgresAddress,
  configs: Record<string, unknown> = {},
  columns = 'k text PRIMARY KEY, v text NOT NULL',
) => {
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  const schema = `s_${randomUUID().replaceAll('-', '')}`;
  await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; CREATE TABLE items (${columns})`);
  const urlAt = (at: number) => `jdbc:postgresql://${host}:${at}/${database}?currentSchema=${schema}`;
  const settings = { jdbcUrl: urlAt(port), userName: user, password, tableName: 'items', ...configs };
  return {
    schema,
    client,
    urlAt,
    open: async (more: Record<string, unknown> = {}, of: Partial<OpenContext> = {}) =>
      (await jdbcPostgresSink.open(
        configOf(jdbcPostgresSink, { ...settings, ...more }),
        context(of),
      )) as TransactionalSink,
    rows: async (): Promise<Record<string, unknown>[]> => (await client.query('SELECT * FROM items ORDER BY 1')).rows,
    dispose: async () => {
      await client.query(`DROP SCHEMA ${schema} CASCADE`);
      await client.end();
    },
  };
};

type Target = Awaited<ReturnType<typeof postgresTarget>>;

const KEYED = { insertMode: 'UPSERT', key: 'k', nullValueAction: 'DELETE' };

const harnessOf = (target: Target, more: Record<string, unknown> = {}): SinkHarness => ({
  cannotStoreNul: true,
  open: () => target.open(more),
  record: (n, k, v) => sinkRecord(n, { key: k, value: { k, v } }),
  poison: (n) => sinkRecord(n, { key: 'sekrit', value: { k: 'sekrit', v: null } }),
  tombstone: (n, key) => sinkRecord(n, { key }),
  contents: () => contentsOf(target, 'items'),
  dispose: target.dispose,
});

const contentsOf = async ({ client }: Target, table: string): Promise<Record<string, string>> =>
  Object.fromEntries((await client.query(`SELECT k, v FROM ${table}`)).rows.map(({ k, v }) => [k, v]));

/** The target with another table in another schema, and what rights do not reach. `isBound`: with a trigger. */
export const postgresRoutedHarness = async (address: PostgresAddress, isBound = false): Promise<RoutedSinkHarness> => {
  const target = await postgresTarget(address, KEYED);
  const { client, schema } = target;
  const [user, elsewhere] = [`u_${schema}`, `${schema}_b`];
  await client.query(`CREATE ROLE ${user} LOGIN PASSWORD 'pass'; CREATE SCHEMA ${elsewhere};
    CREATE TABLE ${elsewhere}.other (k text PRIMARY KEY, v text NOT NULL${isBound ? ', CHECK (v <> k)' : ''});
    GRANT ALL ON SCHEMA ${schema}, ${elsewhere} TO ${user}; GRANT ALL ON items, ${elsewhere}.other TO ${user};
    CREATE TABLE keyless (v text); GRANT ALL ON keyless TO ${user}; CREATE TABLE forbidden (k text PRIMARY KEY, v text)`);
  if (isBound)
    await client.query(`CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
      CREATE TRIGGER same BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION same()`);
  return {
    ...harnessOf(target, { userName: user, password: 'pass' }),
    ...{ home: 'items', other: `${elsewhere}.other` },
    otherContents: () => contentsOf(target, `${elsewhere}.other`),
    removeOther: async () => void (await client.query(`DROP TABLE ${elsewhere}.other`)),
    refused: [
      ...['sekrit', 'keyless', 'forbidden', `${elsewhere}.sekrit`, 'pg_class', 'information_schema.tables'],
      ...['pg_catalog.pg_class', 'pulsar_io_checkpoint', `${schema}.pulsar_io_checkpoint`, '', 'a\0b'],
    ],
    dispose: async () => {
      await client.query(`DROP SCHEMA ${elsewhere} CASCADE; DROP OWNED BY ${user}; DROP ROLE ${user}`);
      await target.dispose();
    },
  };
};

/** The target for the contracts: rows are upserted, a null in `v` is refused. */
export const postgresHarness = async (address: PostgresAddress): Promise<SinkHarness> =>
  harnessOf(await postgresTarget(address, KEYED));

/** The same behind a proxy that can be cut. */
export const postgresOutageHarness = async (address: PostgresAddress): Promise<SinkOutageHarness> => {
  const target = await postgresTarget(address, KEYED);
  const proxy = await startCutProxy(address.host, address.port);
  return withOutage(harnessOf(target, { jdbcUrl: target.urlAt(proxy.port) }), proxy);
};

/** A column for each kind of value. */
export const postgresValuesHarness = async (address: PostgresAddress): Promise<SinkValuesHarness> => {
  const columns = {
    binary: 'bytea',
    boolean: 'boolean',
    'integer beyond 2^53': 'bigint',
    decimal: 'numeric',
    date: 'date',
    timestamp: 'timestamptz',
    'null field': 'integer',
    nested: 'jsonb',
  };
  const list = Object.entries(columns).map(([name, type]) => `"${name}" ${type}`);
  const target = await postgresTarget(address, {}, list.join(', '));
  await target.client.query("SET TIME ZONE 'UTC'");
  return {
    open: () => target.open(),
    record: (n, kind, value) => sinkRecord(n, { value: { [kind]: value } }),
    read: async (kind) => (await target.client.query(`SELECT "${kind}"::text AS value FROM items`)).rows[0]?.value,
    dispose: target.dispose,
  };
};

/** A table that is altered. */
export const postgresSchemaHarness = async (address: PostgresAddress): Promise<SinkSchemaHarness> => {
  const target = await postgresTarget(address, KEYED);
  return {
    open: () => target.open(),
    record: (n, k, v, added) => sinkRecord(n, { key: k, value: { k, v, ...(added !== undefined && { added }) } }),
    widen: async () => void (await target.client.query('ALTER TABLE items ADD COLUMN added text')),
    remove: async () => {
      await target.client.query('ALTER TABLE items RENAME TO away');
      return async () => void (await target.client.query('ALTER TABLE away RENAME TO items'));
    },
    row: async (key) => (await target.client.query('SELECT * FROM items WHERE k = $1', [key])).rows[0],
    dispose: target.dispose,
  };
};
