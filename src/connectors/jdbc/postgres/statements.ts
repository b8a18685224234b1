import type { SinkRecord } from '../../../core/record.ts';
import { type Action, actionOf, fieldOf, fieldsOf } from '../actions.ts';
import { columnsOf, nameList, onConflict, quote } from '../columns.ts';
import type { JdbcPostgresConfig } from './config.ts';
import type { Column, PostgresTable } from './table.ts';
import { element } from './values.ts';

/** A statement and what to bind. */
export interface Query {
  readonly text: string;
  readonly values?: unknown[];
}

/** What a record does, with its values by column, as texts of array elements. */
export interface Row {
  readonly action: Action;
  readonly values: readonly string[];
}

/** The column of the rows that are sent that holds the values of column number `at` of the statement. */
const sent = (at: number): string => `c${at}`;

const parameter = ({ type, isBoundAsType }: Column, at: number): string =>
  `$${at + 1}::${isBoundAsType ? `${type}[]` : 'text[]'}`;

const value = ({ type, isBoundAsType }: Column, at: number): string =>
  isBoundAsType ? `r.${sent(at)}` : `r.${sent(at)}::${type}`;

const unnest = (columns: readonly Column[], more = ''): string =>
  `unnest(${columns.map(parameter).join(', ')})${more && ' WITH ORDINALITY'} AS r(${columns.map((_, at) => sent(at)).join(', ')}${more})`;

const insertSql = ({ name, columns }: PostgresTable): string =>
  `INSERT INTO ${name} (${nameList(columns)}) SELECT ${columns.map(value).join(', ')} FROM ${unnest(columns)}`;

/** The rows of an update, of which the last one of each key counts, as the database compares keys. */
const lastRows = (columns: readonly Column[], keys: readonly Column[]): string => {
  const keyValues = keys.map((key) => value(key, columns.indexOf(key))).join(', ');
  const values = columns.map((it, at) => `${value(it, at)} AS ${sent(at)}`).join(', ');
  return `(SELECT DISTINCT ON (${keyValues}) ${values} FROM ${unnest(columns, ', position')} ORDER BY ${keyValues}, position DESC)`;
};

const updateSql = (table: PostgresTable): string => {
  const columns = columnsOf(table, 'UPDATE');
  const set = table.nonKeys.map((it, at) => `${quote(it.name)} = r.${sent(at)}`).join(', ');
  const where = table.keys.map((it) => `t.${quote(it.name)} = r.${sent(columns.indexOf(it))}`).join(' AND ');
  return `UPDATE ${table.name} AS t SET ${set} FROM ${lastRows(columns, table.keys)} AS r WHERE ${where}`;
};

const deleteSql = ({ name, keys }: PostgresTable): string =>
  `DELETE FROM ${name} AS t USING ${unnest(keys)} WHERE ${keys.map((it, at) => `t.${quote(it.name)} = ${value(it, at)}`).join(' AND ')}`;

const SQL: Readonly<Record<Action, (table: PostgresTable) => string>> = {
  INSERT: insertSql,
  UPSERT: (table) => `${insertSql(table)} ${onConflict(table)}`,
  UPDATE: updateSql,
  DELETE: deleteSql,
};

/** Turns records into statements for many rows: one array for each column. */
export class Statements {
  readonly #table: PostgresTable;
  readonly #config: JdbcPostgresConfig;
  readonly #sql = new Map<Action, string>();

  constructor(table: PostgresTable, config: JdbcPostgresConfig) {
    this.#table = table;
    this.#config = config;
  }

  /** The row of a record. Throws where we refuse it. */
  row(record: SinkRecord): Row {
    const { action, columns, fields } = this.#meaning(record);
    return { action, values: columns.map(({ name, form }) => element(fieldOf(fields, name), form)) };
  }

  /** Action and values by column of a record. Throws where we refuse it. */
  describe(record: SinkRecord): { readonly action: Action; readonly columns: Readonly<Record<string, unknown>> } {
    const { action, columns, fields } = this.#meaning(record);
    return { action, columns: Object.fromEntries(columns.map(({ name }) => [name, fieldOf(fields, name) ?? null])) };
  }

  /** Statements that do what `rows` say, in their order: a new one begins with another action, and where a key would be set a second time. */
  queries(rows: readonly Row[]): Query[] {
    const queries: Query[] = [];
    let from = 0;
    let keys = new Set<string>();
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as Row;
      const key = this.#settingKey(row);
      if (at > from && (row.action !== rows[from]?.action || (key !== undefined && keys.has(key)))) {
        queries.push(this.#query(rows, from, at));
        from = at;
        keys = new Set();
      }
      if (key !== undefined) keys.add(key);
    }
    if (rows.length > 0) queries.push(this.#query(rows, from, rows.length));
    return queries;
  }

  /** A query that changes nothing and fails where the table, or a missing right, does not allow `insertMode`. */
  probe(): Query {
    const { insertMode } = this.#config;
    return { text: `EXPLAIN ${this.#text(insertMode)}`, values: columnsOf(this.#table, insertMode).map(() => '{}') };
  }

  #meaning(record: SinkRecord) {
    const { keys } = this.#table;
    const action = actionOf(record, this.#config, keys.length > 0);
    return { action, columns: columnsOf(this.#table, action), fields: fieldsOf(record, action, keys) };
  }

  #settingKey({ action, values }: Row): string | undefined {
    if (action !== 'UPSERT' && action !== 'UPDATE') return undefined;
    const columns = columnsOf(this.#table, action);
    return this.#table.keys.map((key) => values[columns.indexOf(key)]).join();
  }

  #query(rows: readonly Row[], from: number, to: number): Query {
    const { action } = rows[from] as Row;
    const count = columnsOf(this.#table, action).length;
    const arrays = Array.from({ length: count }, (_, column) => {
      let array = '{';
      for (let at = from; at < to; at++) array += (at > from ? ',' : '') + (rows[at] as Row).values[column];
      return `${array}}`;
    });
    return { text: this.#text(action), values: arrays };
  }

  #text(action: Action): string {
    const known = this.#sql.get(action);
    if (known !== undefined) return known;
    const text = SQL[action](this.#table);
    this.#sql.set(action, text);
    return text;
  }
}
