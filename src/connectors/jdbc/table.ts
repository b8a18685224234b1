import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { PulsarIoError } from '../../core/errors.ts';
import { selectColumns, type Table } from './columns.ts';
import type { JdbcSqliteConfig } from './config.ts';
import { columnValue, isInteger64 } from './values.ts';

/** A column of the target table. */
export interface Column {
  readonly name: string;
  /** JSON value → what SQLite binds; throws `RangeError` for a number that it cannot hold. */
  readonly bind: (value: unknown) => SQLInputValue;
}

/** The target table. */
export type SqliteTable = Table<Column>;

const GENERATED = [2, 3];

/** Reads the definition of the table; throws `PIO_SINK_MISCONFIGURED` when it, or a column in `key` or `nonKey`, does not exist. */
export const readTable = (database: DatabaseSync, config: JdbcSqliteConfig, file: string): SqliteTable => {
  const { tableName } = config;
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
  return selectColumns(tableName, all, config, misconfigured);
};
