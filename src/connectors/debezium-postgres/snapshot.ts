import { randomUUID } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import { Parse } from '@sinclair/typebox/value';
import pg, { type Client } from 'pg';
import { PulsarIoError } from '../../core/errors.ts';
import { orAborted } from '../abort.ts';
import { quote } from '../jdbc/columns.ts';
import { destroy } from '../jdbc/postgres/connect.ts';
import type { DebeziumPostgresConfig } from './config.ts';
import { connect, rowsOf } from './connect.ts';
import { sourceError } from './errors.ts';
import type { Filter } from './filter.ts';
import type { LsnPosition } from './position.ts';

/** Rows in one message of the log, and after how many characters it ends before. */
const [MESSAGE_ROWS, MESSAGE_CHARACTERS] = [200, 262_144];

const column = Type.Object({
  name: Type.String(),
  typeOid: Type.Integer(),
  modifier: Type.Integer(),
  isKey: Type.Boolean(),
});

/** A part of a snapshot: rows of one table in PostgreSQL's text form. */
export const snapshotPart = Type.Object({
  oid: Type.Integer(),
  schema: Type.String(),
  table: Type.String(),
  atMs: Type.Integer(),
  columns: Type.Array(column),
  rows: Type.Array(Type.String()),
});

/** Prefix of the messages of a snapshot. */
export const prefixOf = (snapshot: string): string => `pulsar-io/${snapshot}`;

/** Content of the message behind the last part. */
export const SNAPSHOT_END = 'end';

/** Reads the content of a message. */
export const parsePart = (content: string) => Parse(snapshotPart, JSON.parse(content));

const PUBLISHED = `SELECT c.oid::int8::text AS oid, n.nspname AS schema, c.relname AS name,
    json_agg(json_build_object('name', a.attname, 'typeOid', a.atttypid::int8, 'modifier', a.atttypmod,
      'isKey', EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY(i.indkey))) ORDER BY a.attnum)::text AS columns,
    array_agg(a.attname::text ORDER BY a.attnum) AS names
  FROM pg_catalog.pg_publication_tables p JOIN pg_catalog.pg_namespace n ON n.nspname = p.schemaname
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  WHERE p.pubname = PUBLICATION GROUP BY 1, 2, 3 ORDER BY 2, 3`;

interface Published {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly columns: string;
  readonly names: readonly string[];
}

/**
 * Lets the server write what the tables hold into its own log, as messages behind one another, and says where they begin. What they show is exactly what had committed
 * before `start`: a slot that exists for the time of it gives the place and the view. The rows are then read from the log, as often as need be, while a view ends with its
 * connection. Nothing of it counts until the position is stored: a run that dies before leaves messages that nobody reads.
 */
export const writeSnapshot = async (
  config: DebeziumPostgresConfig,
  filter: Filter,
  signal: AbortSignal,
): Promise<LsnPosition> => {
  const client = await connect(config, signal, true);
  const doing = `taking a snapshot of database ${config['database.dbname']}`;
  try {
    const snapshot = randomUUID();
    await rowsOf(client, 'BEGIN ISOLATION LEVEL REPEATABLE READ', signal);
    const start = await consistentPoint(client, snapshot, signal);
    await rowsOf(client, 'SET LOCAL synchronous_commit = on', signal);
    await rowsOf(client, 'SET LOCAL statement_timeout = 0', signal);
    const [{ lsn = start } = {}] = await rowsOf<{ lsn: string }>(
      client,
      'SELECT pg_current_wal_insert_lsn()::text AS lsn',
      signal,
    );
    const published = PUBLISHED.replace('PUBLICATION', pg.escapeLiteral(config['publication.name']));
    for (const table of await rowsOf<Published>(client, published, signal))
      if (filter.takesTable(table.schema, table.name)) await writeTable(client, table, snapshot, signal);
    await rowsOf(client, emit('false', snapshot, pg.escapeLiteral(SNAPSHOT_END)), signal);
    // Messages alone are not flushed by a commit: this one has a transaction.
    await rowsOf(client, emit('true', snapshot, pg.escapeLiteral('durable')), signal);
    await rowsOf(client, 'COMMIT', signal);
    return { lsn, index: 0, sequence: -1, snapshot, start };
  } catch (error) {
    if (/option "messages"|pg_logical_emit_message/.test(String(error)))
      throw new PulsarIoError(
        'PIO_SOURCE_MISCONFIGURED',
        `${doing}: ${String(error)}; it needs PostgreSQL 14 or later`,
      );
    throw sourceError(error, doing);
  } finally {
    await orAborted(client.end(), signal, doing).catch(() => destroy(client));
  }
};

const consistentPoint = async (client: Client, snapshot: string, signal: AbortSignal): Promise<string> => {
  const name = `pulsar_io_${snapshot.replaceAll('-', '')}`;
  const sql = `CREATE_REPLICATION_SLOT "${name}" TEMPORARY LOGICAL pgoutput USE_SNAPSHOT`;
  const [{ consistent_point: lsn } = { consistent_point: '' }] = await rowsOf<{ consistent_point: string }>(
    client,
    sql,
    signal,
  );
  return lsn;
};

const emit = (isTransactional: 'true' | 'false', snapshot: string, content: string): string =>
  `SELECT pg_logical_emit_message(${isTransactional}, ${pg.escapeLiteral(prefixOf(snapshot))}, ${content})`;

const writeTable = async (
  client: Client,
  { oid, schema, name, columns, names }: Published,
  snapshot: string,
  signal: AbortSignal,
): Promise<void> => {
  const table = `${quote(schema)}.${quote(name)}`;
  const head = pg.escapeLiteral(
    JSON.stringify({ oid: Number(oid), schema, table: name, columns: JSON.parse(columns) }),
  );
  const content = `((${head}::jsonb || jsonb_build_object('atMs', at_ms, 'rows', to_jsonb(parts))))::text`;
  const flush = `PERFORM pg_logical_emit_message(false, ${pg.escapeLiteral(prefixOf(snapshot))}, ${content}); parts := '{}'; size := 0;`;
  await rowsOf(
    client,
    `DO ${pg.escapeLiteral(`DECLARE
  one text; parts text[] := '{}'; size int := 0; at_ms int8 := floor(extract(epoch FROM now()) * 1000);
BEGIN
  FOR one IN SELECT ROW(${names.map((it) => `t.${quote(it)}`).join(', ')})::text FROM ${table} t LOOP
    parts := parts || one; size := size + length(one);
    IF cardinality(parts) >= ${MESSAGE_ROWS} OR size >= ${MESSAGE_CHARACTERS} THEN ${flush} END IF;
  END LOOP;
  IF cardinality(parts) > 0 THEN ${flush} END IF;
END`)}`,
    signal,
  );
};
