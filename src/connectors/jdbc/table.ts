import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { PulsarIoError } from '../../core/errors.ts';
import { splitList } from '../config.ts';
import type { JdbcSqliteConfig } from './config.ts';
import { columnValue, isInteger64 } from './values.ts';

/** A column of the target table. */
export interface Column {
  readonly name: string;
  /** JSON value → what SQLite binds; throws `RangeError` for a number that it cannot hold. */
  readonly bind: (value: unknown) => SQLInputValue;
}

/** The target table, as far as the config selects its columns. */
export interface Table {
  readonly name: string;
  /** All columns that a statement may name, in the table's order. */
  readonly columns: readonly Column[];
  readonly keys: readonly Column[];
  readonly nonKeys: readonly Column[];
}

/** An SQL identifier, quoted. */
export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const GENERATED = [2, 3];

/** Reads the definition of the table; throws `PIO_SINK_MISCONFIGURED` when it, or a column in `key` or `nonKey`, does not exist. */
export const readTable = (database: DatabaseSync, config: JdbcSqliteConfig, file: string): Table => {
  const { tableName, key, nonKey, excludeNonDeclaredFields } = config;
  const misconfigured = (what: string) =>
    new PulsarIoError('PIO_SINK_MISCONFIGURED', `SQLite database ${file} ${what}`);
  const rows = database.prepare('SELECT name, type, hidden FROM pragma_table_xinfo(?)').all(tableName);
  if (rows.length === 0) throw misconfigured(`has no table ${tableName}: create it`);
  const all = rows
    .filter(({ hidden }) => !GENERATED.includes(hidden as number))
    .map(({ name, type }) => ({
      name: name as string,
      bind: isInteger64(type as string) ? columnValue.numeric : columnValue.exact,
    }));
  const find = (name: string): Column => {
    const column = all.find((it) => it.name === name);
    if (!column) throw misconfigured(`has a table ${tableName} without the column ${name}, which key or nonKey names`);
    return column;
  };
  const keys = splitList(key).map(find);
  const declared = splitList(nonKey).map(find);
  const nonKeys = declared.length > 0 ? declared : all.filter((it) => !keys.includes(it));
  const isSelected = (it: Column) => !excludeNonDeclaredFields || keys.includes(it) || declared.includes(it);
  const columns = all.filter(isSelected);
  if (columns.length === 0) throw misconfigured(`has a table ${tableName} of which key and nonKey select no column`);
  return { name: tableName, columns, keys, nonKeys };
};
