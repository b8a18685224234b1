import type { Client } from 'pg';
import { PulsarIoError } from '../../../core/errors.ts';
import { quote, selectColumns, type Table } from '../columns.ts';
import type { JdbcPostgresConfig } from './config.ts';
import { postgresError } from './errors.ts';
import type { Form } from './values.ts';

/** A column of the target table. */
export interface Column {
  readonly name: string;
  /** Its type without length or precision: those are left to the assignment, which refuses what a cast would cut off. */
  readonly type: string;
  readonly form: Form;
  /** True when an array of this type can be bound as such; else its values are bound as text and cast. */
  readonly isBoundAsType: boolean;
}

/** The target table; `name` is quoted and has its schema. */
export interface PostgresTable extends Table<Column> {
  /** Its schema, quoted: where the frontiers are kept, too. */
  readonly schema: string;
  /** Whether a row of it may mean something to another table: by a foreign key, a trigger or a rule, or as one's partition. */
  readonly isBound: boolean;
}

/** Finds a table by `table`, along the search path, or `schema.table`. */
export const FIND_TABLE = `SELECT c.oid, n.nspname AS schema, c.relname AS name,
    c.relkind <> 'r' OR c.relhastriggers OR c.relhasrules OR c.relhassubclass OR EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) AS bound
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'f', 'v') AND (c.relname = $1 AND pg_catalog.pg_table_is_visible(c.oid) OR n.nspname || '.' || c.relname = $1)
  ORDER BY c.relname = $1 DESC LIMIT 1`;

const COLUMNS = `SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, -1) AS type, t.typtype AS kind,
    pg_catalog.format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, -1) AS base
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a' ORDER BY a.attnum`;

/** Reads the definition of the table; throws `PIO_SINK_MISCONFIGURED` when it, or a column in `key` or `nonKey`, does not exist. */
export const readTable = async (client: Client, config: JdbcPostgresConfig): Promise<PostgresTable> => {
  const { tableName } = config;
  const misconfigured = (what: string) =>
    new PulsarIoError('PIO_SINK_MISCONFIGURED', `the PostgreSQL database ${client.database ?? ''} ${what}`);
  try {
    const [found] = (await client.query(FIND_TABLE, [tableName])).rows;
    if (!found) throw misconfigured(`has no table ${tableName} that is visible to ${client.user ?? ''}: create it`);
    const all = (await client.query(COLUMNS, [found.oid])).rows.map(columnOf);
    const table = selectColumns(tableName, all, config, misconfigured);
    const schema = quote(found.schema);
    return { ...table, name: `${schema}.${quote(found.name)}`, schema, isBound: found.bound };
  } catch (error) {
    throw postgresError(error, `reading the definition of table ${tableName}`);
  }
};

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  /** `typtype`: `b` a base type, `d` a domain, `e` an enumeration, and so on. */
  readonly kind: string;
  readonly base: string;
}

const columnOf = ({ name, type, kind, base }: ColumnRow): Column => {
  const isArray = base.endsWith('[]');
  const form = isArray ? 'array' : /^jsonb?$/.test(base) ? 'json' : 'plain';
  return { name, type, form, isBoundAsType: kind === 'b' && !isArray };
};
