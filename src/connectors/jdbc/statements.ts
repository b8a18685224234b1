import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { PulsarIoError } from '../../core/errors.ts';
import type { SinkRecord } from '../../core/record.ts';
import type { JdbcSqliteConfig } from './config.ts';
import { sqliteError } from './errors.ts';
import { type Column, quote, type Table } from './table.ts';

/** What a record does to the table: Pulsar's words, in `insertMode` and in the message property `ACTION`. */
export type Action = JdbcSqliteConfig['insertMode'];

const ACTIONS: readonly string[] = ['INSERT', 'UPSERT', 'UPDATE', 'DELETE'] satisfies Action[];

type Fields = Readonly<Record<string, unknown>>;

interface Prepared {
  readonly statement: StatementSync;
  readonly columns: readonly Column[];
  /** True when a row without a key value cannot be meant. */
  readonly isByKey: boolean;
}

const list = (columns: readonly Column[]): string => columns.map(({ name }) => quote(name)).join(', ');
const assign = (columns: readonly Column[], between: string): string =>
  columns.map(({ name }) => `${quote(name)} = ?`).join(between);

const insertSql = ({ name, columns }: Table): string =>
  `INSERT INTO ${quote(name)} (${list(columns)}) VALUES (${columns.map(() => '?').join(', ')})`;

const upsertSql = (table: Table): string => {
  const set = table.nonKeys
    .filter((it) => table.columns.includes(it))
    .map(({ name }) => `${quote(name)} = excluded.${quote(name)}`);
  return `${insertSql(table)} ON CONFLICT (${list(table.keys)}) DO ${set.length > 0 ? `UPDATE SET ${set.join(', ')}` : 'NOTHING'}`;
};

const SQL: Readonly<Record<Action, (table: Table) => { readonly sql: string; readonly columns: readonly Column[] }>> = {
  INSERT: (table) => ({ sql: insertSql(table), columns: table.columns }),
  UPSERT: (table) => ({ sql: upsertSql(table), columns: table.columns }),
  UPDATE: (table) => ({
    sql: `UPDATE ${quote(table.name)} SET ${assign(table.nonKeys, ', ')} WHERE ${assign(table.keys, ' AND ')}`,
    columns: [...table.nonKeys, ...table.keys],
  }),
  DELETE: (table) => ({
    sql: `DELETE FROM ${quote(table.name)} WHERE ${assign(table.keys, ' AND ')}`,
    columns: table.keys,
  }),
};

/** Runs records against the table by statements that are prepared once. */
export class Statements {
  readonly #database: DatabaseSync;
  readonly #table: Table;
  readonly #config: JdbcSqliteConfig;
  readonly #prepared = new Map<Action, Prepared>();

  /** Prepares the statement of `insertMode`; throws `PIO_SINK_MISCONFIGURED` when the table does not allow it (UPSERT without a unique key). */
  constructor(database: DatabaseSync, table: Table, config: JdbcSqliteConfig) {
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
    const { columns, values } = this.#bound(record);
    const action = record.value === null ? 'DELETE' : this.#actionOf(record);
    return { action, columns: Object.fromEntries(columns.map(({ name }, at) => [name, values[at]])) };
  }

  #bound(record: SinkRecord): Pick<Prepared, 'statement' | 'columns'> & { readonly values: readonly SQLInputValue[] } {
    const { value } = record;
    if (value === null) return this.#delete(record);
    if (typeof value !== 'object' || Array.isArray(value))
      throw new PulsarIoError(
        'PIO_RECORD_UNREADABLE',
        'the message is no JSON object, whose fields would be the columns',
      );
    const { statement, columns, isByKey } = this.#prepare(this.#actionOf(record));
    const values: SQLInputValue[] = new Array(columns.length);
    if (isByKey) requireKeys(value as Fields, this.#table.keys);
    for (let i = 0; i < columns.length; i++)
      values[i] = (columns[i] as Column).bind(fieldOf(value as Fields, (columns[i] as Column).name));
    return { statement, columns, values };
  }

  /** True when the table still has what the statements name: then an error of one of them is the record's. */
  areValid(): boolean {
    try {
      for (const action of this.#prepared.keys()) this.#database.prepare(SQL[action](this.#table).sql);
      return true;
    } catch {
      return false;
    }
  }

  #delete({ key }: SinkRecord) {
    if (this.#config.nullValueAction !== 'DELETE')
      throw new PulsarIoError('PIO_SINK_REJECTED', 'the message has no payload, and nullValueAction is FAIL');
    if (key === undefined)
      throw new PulsarIoError('PIO_SINK_REJECTED', 'the message has neither payload nor key: no row is named');
    const { statement, columns } = this.#prepare('DELETE');
    return { statement, columns, values: keyValues(key, columns) };
  }

  #actionOf({ properties }: SinkRecord): Action {
    const action = properties.ACTION;
    if (action === undefined) return this.#config.insertMode;
    if (!ACTIONS.includes(action))
      throw new PulsarIoError('PIO_SINK_REJECTED', `the message property ACTION must be one of ${ACTIONS.join(', ')}`);
    if (action !== 'INSERT' && this.#table.keys.length === 0)
      throw new PulsarIoError(
        'PIO_SINK_REJECTED',
        `the message property ACTION is ${action}, but the configuration names no key columns`,
      );
    return action as Action;
  }

  #prepare(action: Action): Prepared {
    const known = this.#prepared.get(action);
    if (known) return known;
    const { sql, columns } = SQL[action](this.#table);
    try {
      const isByKey = action === 'UPDATE' || action === 'DELETE';
      const prepared = { statement: this.#database.prepare(sql), columns, isByKey };
      this.#prepared.set(action, prepared);
      return prepared;
    } catch (error) {
      throw sqliteError(error, `preparing ${action} for table ${this.#table.name}`);
    }
  }
}

const fieldOf = (fields: Fields, name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined);

const requireKeys = (fields: Fields, keys: readonly Column[]): void => {
  const missing = keys.find(({ name }) => fieldOf(fields, name) === undefined || fieldOf(fields, name) === null);
  if (missing)
    throw new PulsarIoError(
      'PIO_SINK_REJECTED',
      `the message has no value for the key column ${missing.name}: no row is named`,
    );
};

/** Values of the key columns in a message key: the fields of a JSON object; for one column also the key itself. */
const keyValues = (key: string, columns: readonly Column[]): SQLInputValue[] => {
  const fields = key.startsWith('{') ? objectOf(key) : undefined;
  const [only] = columns;
  if (only && columns.length === 1)
    return [only.bind(fields && Object.hasOwn(fields, only.name) ? fields[only.name] : key)];
  const missing = columns.find(({ name }) => fields === undefined || !Object.hasOwn(fields, name));
  if (missing)
    throw new PulsarIoError(
      'PIO_SINK_REJECTED',
      `the key of a message without payload must be a JSON object with the field ${missing.name}`,
    );
  return columns.map(({ name, bind }) => bind((fields as Fields)[name]));
};

const objectOf = (text: string): Fields | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
};
