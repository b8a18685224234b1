import type { Client } from 'pg';
import type { DebeziumPostgresConfig } from './config.ts';
import { rowsOf } from './connect.ts';
import { sourceError } from './errors.ts';
import type { Filter } from './filter.ts';
import type { Cell, LogColumn, Relation, Row } from './pgoutput.ts';
import { convert, type PgType } from './values.ts';

interface TypeRow {
  readonly oid: string;
  readonly kind: string;
  readonly base: string;
  readonly modifier: number;
  readonly element: string;
}

const TYPES = `SELECT t.oid::text, t.typtype AS kind, t.typbasetype::text AS base, t.typtypmod AS modifier,
    (CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END)::text AS element
  FROM pg_catalog.pg_type t WHERE t.oid = ANY($1::oid[])`;

const PRIMARY_KEY = `SELECT a.attname AS name FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
  WHERE i.indrelid = $1 AND i.indisprimary`;

/** How the rows of a table are written. */
export interface Table {
  readonly schema: string;
  readonly name: string;
  /** False: its changes are left out. */
  readonly isTaken: boolean;
  readonly columns: readonly (LogColumn & { readonly type: PgType; readonly isTaken: boolean })[];
}

/** Tells what the numbers in the log stand for: by the catalogue as it is now, where the log does not say it. */
export class Tables {
  readonly #client: Client;
  readonly #filter: Filter;
  readonly #types = new Map<number, PgType>();

  constructor(client: Client, filter: Filter) {
    this.#client = client;
    this.#filter = filter;
  }

  /** The table of a relation. */
  async of(relation: Relation, signal: AbortSignal): Promise<Table> {
    const { schema, table, columns } = relation;
    const isTaken = this.#filter.takesTable(schema, table);
    if (!isTaken) return { schema, name: table, isTaken, columns: [] };
    try {
      const keys = relation.identity === 'f' ? await this.#primaryKey(relation.oid, signal) : undefined;
      await this.#learn(
        columns.map(({ typeOid }) => typeOid),
        signal,
      );
      return {
        schema,
        name: table,
        isTaken,
        columns: columns.map((column) => ({
          ...column,
          isKey: keys?.has(column.name) ?? column.isKey,
          type: this.#typeOf(column.typeOid, column.modifier),
          isTaken: this.#filter.takesColumn(schema, table, column.name),
        })),
      };
    } catch (error) {
      throw sourceError(error, `looking up the definition of ${schema}.${table}`);
    }
  }

  async #primaryKey(oid: number, signal: AbortSignal): Promise<Set<string>> {
    const rows = await rowsOf<{ name: string }>(this.#client, PRIMARY_KEY, signal, [oid]);
    return new Set(rows.map(({ name }) => name));
  }

  #typeOf(oid: number, modifier: number): PgType {
    const known = this.#types.get(oid) ?? { oid, modifier: -1 };
    const own = modifier >= 0 ? modifier : known.modifier;
    return { ...known, modifier: own, ...(known.element && { element: { ...known.element, modifier: own } }) };
  }

  async #learn(oids: readonly number[], signal: AbortSignal): Promise<void> {
    const unknown = oids.filter((oid) => !this.#types.has(oid));
    if (unknown.length === 0) return;
    const rows = await rowsOf<TypeRow>(this.#client, TYPES, signal, [unknown]);
    const related = rows.flatMap(({ base, element }) => [Number(base), Number(element)]);
    const further = related.filter((oid) => oid > 0 && !unknown.includes(oid));
    if (further.length > 0) await this.#learn(further, signal);
    const rowOf = new Map(rows.map((row) => [Number(row.oid), row]));
    for (const oid of unknown) this.#resolve(oid, rowOf);
  }

  /** A domain is what it stands for; a type that was dropped since is text. */
  #resolve(oid: number, rows: ReadonlyMap<number, TypeRow>): PgType {
    const known = this.#types.get(oid);
    if (known) return known;
    const { kind, base, modifier = -1, element = '0' } = rows.get(oid) ?? {};
    const own = { oid, modifier: -1, ...(element !== '0' && { element: this.#resolve(Number(element), rows) }) };
    const type = kind === 'd' ? { ...this.#resolve(Number(base), rows), modifier } : own;
    this.#types.set(oid, type);
    return type;
  }
}

/** A row as the fields of a JSON object; `isKey`: only those of the key. */
export const fieldsOf = (
  { columns }: Table,
  row: Row,
  config: DebeziumPostgresConfig,
  isKey = false,
): Record<string, unknown> => {
  const fields: Record<string, unknown> = {};
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at] as Table['columns'][number];
    if (isKey ? column.isKey : column.isTaken) setField(fields, column.name, cellValue(row[at], column.type, config));
  }
  return fields;
};

/** An object without prototype would be safe for every name, and written as JSON at half the speed. */
const setField = (fields: Record<string, unknown>, name: string, value: unknown): void => {
  if (name === '__proto__') Object.defineProperty(fields, name, { value, enumerable: true });
  else fields[name] = value;
};

const cellValue = (cell: Cell, type: PgType, config: DebeziumPostgresConfig): unknown => {
  if (cell === null) return null;
  if (cell !== undefined) return convert(cell, type, config);
  const placeholder = config['unavailable.value.placeholder'];
  if (type.element) return [placeholder];
  return type.oid === 17 ? Buffer.from(placeholder).toString('base64') : placeholder;
};
