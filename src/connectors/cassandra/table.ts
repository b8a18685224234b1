import { PulsarIoError } from '../../core/errors.ts';
import type { Guarantee } from '../../core/guarantee.ts';
import { type CassandraConfig, cqlName } from './config.ts';
import { cassandraError } from './errors.ts';

/** A row of `system_schema.columns`. */
export interface ColumnRow {
  readonly name: string;
  readonly kind: 'partition_key' | 'clustering' | 'regular' | 'static';
  /** CQL type, e.g. `frozen<list<text>>`. */
  readonly type: string;
}

/** The part of cassandra-driver's client that is used after connecting. */
export interface CqlClient {
  execute(
    query: string,
    params: readonly unknown[],
    options?: object,
  ): Promise<{ readonly rows: readonly { get(name: string): unknown }[] }>;
  shutdown(): Promise<void>;
}

/** Names of the config as the system tables have them. */
export interface TableNames {
  readonly keyspace: string;
  readonly table: string;
  readonly key: string;
  readonly column: string;
}

/** {@link TableNames} of a checked config. */
export const namesOf = ({ keyspace, columnFamily, keyname, columnName }: CassandraConfig): TableNames => ({
  keyspace: cqlName(keyspace) ?? keyspace,
  table: cqlName(columnFamily) ?? columnFamily,
  key: cqlName(keyname) ?? keyname,
  column: cqlName(columnName) ?? columnName,
});

const COLUMNS = 'SELECT column_name, kind, type FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?';

/** Columns of the table as they are now; none when it does not exist. */
export const readColumns = async (client: CqlClient, { keyspace, table }: TableNames): Promise<ColumnRow[]> => {
  try {
    const { rows } = await client.execute(COLUMNS, [keyspace, table], { prepare: true });
    return rows.map((row) => ({
      name: row.get('column_name') as string,
      kind: row.get('kind') as ColumnRow['kind'],
      type: row.get('type') as string,
    }));
  } catch (error) {
    throw cassandraError(error, `reading the definition of ${keyspace}.${table}`);
  }
};

const TEXT = ['text', 'ascii', 'varchar'];

const isKey = ({ kind }: ColumnRow): boolean => kind === 'partition_key' || kind === 'clustering';

/** True when `key` alone is the primary key and is text: then a tombstone says which row it deletes. */
export const isKeyedByText = (columns: readonly ColumnRow[], { key }: TableNames): boolean => {
  const keys = columns.filter(isKey);
  return keys.length === 1 && keys[0]?.name === key && TEXT.includes(keys[0].type);
};

/** What is wrong with the table for this config; undefined: nothing. */
export const tableProblem = (
  columns: readonly ColumnRow[],
  names: TableNames,
  { mapFields }: CassandraConfig,
  guarantee: Guarantee,
): string | undefined => {
  const { key, column } = names;
  if (columns.length === 0) return 'does not exist: create it';
  if (!columns.some((it) => it.name === key)) return `has no column ${key}, which keyname names`;
  if (columns.some(({ type }) => type === 'counter')) return 'has counters: a repeated write would count twice';
  if (mapFields) return guarantee === 'EFFECTIVELY_ONCE' ? listProblem(columns) : undefined;
  if (!isKeyedByText(columns, names))
    return `must have ${key}, of type text, as its whole primary key; else use mapFields`;
  const target = columns.find(({ name }) => name === column);
  if (!target) return `has no column ${column}, which columnName names`;
  return TEXT.includes(target.type)
    ? undefined
    : `has a column ${column} of type ${target.type}, not text: use mapFields`;
};

/** The cells of a list get random names: the same list written twice with one timestamp holds every element twice. */
const listProblem = (columns: readonly ColumnRow[]): string | undefined => {
  const list = columns.find(({ type }) => type.startsWith('list<'));
  return (
    list &&
    `has the list ${list.name}, which a repeated write would double under EFFECTIVELY_ONCE: make it a frozen<list<…>>, or a set`
  );
};

/** The error for {@link tableProblem}. */
export const misconfigured = ({ keyspace, table }: TableNames, problem: string): PulsarIoError =>
  new PulsarIoError('PIO_SINK_MISCONFIGURED', `the Cassandra table ${keyspace}.${table} ${problem}`);
