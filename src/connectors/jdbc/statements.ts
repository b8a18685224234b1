import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { SinkRecord } from '../../core/record.ts';
import { type Action, actionOf, fieldOf, fieldsOf } from './actions.ts';
import { columnsOf, nameList, onConflict, quote } from './columns.ts';
import type { JdbcSqliteConfig } from './config.ts';
import { sqliteError } from './errors.ts';
import type { Column, SqliteTable } from './table.ts';

interface Prepared {
  readonly statement: StatementSync;
  readonly columns: readonly Column[];
}

const assign = (columns: readonly Column[], between: string): string =>
  columns.map(({ name }) => `${quote(name)} = ?`).join(between);

const insertSql = ({ name, columns }: SqliteTable): string =>
  `INSERT INTO ${quote(name)} (${nameList(columns)}) VALUES (${columns.map(() => '?').join(', ')})`;

const SQL: Readonly<Record<Action, (table: SqliteTable) => string>> = {
  INSERT: insertSql,
  UPSERT: (table) => `${insertSql(table)} ${onConflict(table)}`,
  UPDATE: ({ name, keys, nonKeys }) =>
    `UPDATE ${quote(name)} SET ${assign(nonKeys, ', ')} WHERE ${assign(keys, ' AND ')}`,
  DELETE: ({ name, keys }) => `DELETE FROM ${quote(name)} WHERE ${assign(keys, ' AND ')}`,
};

/** Runs records against the table by statements that are prepared once. */
export class Statements {
  readonly #database: DatabaseSync;
  readonly #table: SqliteTable;
  readonly #config: JdbcSqliteConfig;
  readonly #prepared = new Map<Action, Prepared>();

  /** Prepares the statement of `insertMode`; throws `PIO_SINK_MISCONFIGURED` when the table does not allow it (UPSERT without a unique key). */
  constructor(database: DatabaseSync, table: SqliteTable, config: JdbcSqliteConfig) {
    this.#database = database;
    this.#table = table;
    this.#config = config;
    this.#prepare(config.insertMode);
  }

  /** Runs one record. Throws `PulsarIoError` where we refuse it, else what SQLite throws. */
  run(record: SinkRecord): void {
    const { statement, values } = this.#bound(record);
    statement.run(...values);
  }

  /** Action and values by column of what {@link run} would do. Throws where we refuse the record. */
  describe(record: SinkRecord): { readonly action: Action; readonly columns: Readonly<Record<string, unknown>> } {
    const { action, columns, values } = this.#bound(record);
    return { action, columns: Object.fromEntries(columns.map(({ name }, at) => [name, values[at]])) };
  }

  /** True when the table still has what the statements name: then an error of one of them is the record's. */
  areValid(): boolean {
    try {
      for (const action of this.#prepared.keys()) this.#database.prepare(SQL[action](this.#table));
      return true;
    } catch {
      return false;
    }
  }

  #bound(record: SinkRecord): Prepared & { readonly action: Action; readonly values: readonly SQLInputValue[] } {
    const { keys } = this.#table;
    const action = actionOf(record, this.#config, keys.length > 0);
    const fields = fieldsOf(record, action, keys);
    const { statement, columns } = this.#prepare(action);
    const values: SQLInputValue[] = new Array(columns.length);
    for (let i = 0; i < columns.length; i++)
      values[i] = (columns[i] as Column).bind(fieldOf(fields, (columns[i] as Column).name));
    return { action, statement, columns, values };
  }

  #prepare(action: Action): Prepared {
    const known = this.#prepared.get(action);
    if (known) return known;
    try {
      const statement = this.#database.prepare(SQL[action](this.#table));
      const prepared = { statement, columns: columnsOf(this.#table, action) };
      this.#prepared.set(action, prepared);
      return prepared;
    } catch (error) {
      throw sqliteError(error, `preparing ${action} for table ${this.#table.name}`);
    }
  }
}
