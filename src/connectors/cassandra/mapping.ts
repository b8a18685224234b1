import { PulsarIoError } from '../../core/errors.ts';
import type { SinkRecord } from '../../core/record.ts';
import { type CassandraConfig, cqlQuote } from './config.ts';
import type { TableNames } from './table.ts';

/** A prepared statement and what to bind. */
export interface CqlWrite {
  readonly query: string;
  readonly params: readonly unknown[];
}

/** Turns a record into its write. Throws `PIO_SINK_REJECTED` or `PIO_RECORD_UNREADABLE` when it cannot be one. */
export type ToWrite = (record: SinkRecord) => CqlWrite;

/**
 * The writes of this config. Each carries the record's version as its timestamp (GUARANTEES rule 28): Cassandra keeps the cell with the highest timestamp, so a
 * repeated or late write changes nothing, and the order in which the writes of a batch arrive does not matter.
 */
export const mapping = (names: TableNames, config: CassandraConfig, isDeletable: boolean): ToWrite => {
  const table = `${cqlQuote(names.keyspace)}.${cqlQuote(names.table)}`;
  const key = cqlQuote(names.key);
  const remove = `DELETE FROM ${table} USING TIMESTAMP ? WHERE ${key} = ?`;
  const insert = `INSERT INTO ${table} (${key}, ${cqlQuote(names.column)}) VALUES (?, ?) USING TIMESTAMP ?`;
  const insertJson = `INSERT INTO ${table} JSON ? DEFAULT UNSET USING TIMESTAMP ?`;
  return (record) => {
    const { value, version } = record;
    if (value === null) return { query: remove, params: [version, tombstoneKey(record, isDeletable)] };
    if (config.mapFields)
      return { query: insertJson, params: [withKey(value as string, record.key, names.key), version] };
    return { query: insert, params: [keyOf(record, config), value, version] };
  };
};

const rejected = (what: string): PulsarIoError => new PulsarIoError('PIO_SINK_REJECTED', what);

const tombstoneKey = ({ key }: SinkRecord, isDeletable: boolean): string => {
  if (key === undefined) throw rejected('the message has neither payload nor key: no row is named');
  if (!isDeletable) throw rejected('the message has no payload, and its key alone is not the primary key of the table');
  return key;
};

const keyOf = ({ key, value }: SinkRecord, { missingKey }: CassandraConfig): string => {
  if (key !== undefined) return key;
  if (missingKey === 'value') return value as string;
  throw rejected('the message has no key');
};

/** The JSON object `text`, with the key column added from the message's key where it lacks it. The rest stays as it was written. */
const withKey = (text: string, key: string | undefined, name: string): string => {
  const fields = parseObject(text);
  if (key === undefined || hasColumn(fields, name)) return text;
  const jsonName = /^[a-z]\w*$/.test(name) ? name : `"${name}"`; // INSERT JSON: a name in quotes inside the quotes keeps its case
  const rest = text.slice(text.indexOf('{') + 1);
  return `{${JSON.stringify(jsonName)}:${JSON.stringify(key)}${Object.keys(fields).length > 0 ? ',' : ''}${rest}`;
};

const hasColumn = (fields: object, name: string): boolean =>
  Object.keys(fields).some((it) => (it.startsWith('"') ? it === `"${name}"` : it.toLowerCase() === name));

const parseObject = (text: string): object => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined; // no cause: its message quotes the payload
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new PulsarIoError('PIO_RECORD_UNREADABLE', 'the message is no JSON object, whose fields would be the columns');
};
