import { splitList } from '../config.ts';
import type { Action } from './actions.ts';
import type { JdbcKeys } from './keys.ts';

interface Named {
  readonly name: string;
}

/** The target table, as far as the config selects its columns. */
export interface Table<C extends Named> {
  readonly name: string;
  /** All columns that a statement may name, in the table's order. */
  readonly columns: readonly C[];
  readonly keys: readonly C[];
  readonly nonKeys: readonly C[];
}

/** An SQL identifier, quoted. */
export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Selects the columns of a table that the config means; throws what `misconfigured` makes of the reason when one does not exist. */
export const selectColumns = <C extends Named>(
  name: string,
  all: readonly C[],
  { key, nonKey, excludeNonDeclaredFields }: JdbcKeys,
  misconfigured: (what: string) => Error,
): Table<C> => {
  const find = (column: string): C => {
    const found = all.find((it) => it.name === column);
    if (!found) throw misconfigured(`has a table ${name} without the column ${column}, which key or nonKey names`);
    return found;
  };
  const keys = splitList(key).map(find);
  const declared = splitList(nonKey).map(find);
  const nonKeys = declared.length > 0 ? declared : all.filter((it) => !keys.includes(it));
  const columns = all.filter((it) => !excludeNonDeclaredFields || keys.includes(it) || declared.includes(it));
  if (columns.length === 0) throw misconfigured(`has a table ${name} of which key and nonKey select no column`);
  return { name, columns, keys, nonKeys };
};

/** Columns whose values the statement of `action` takes, in the order of its parameters. */
export const columnsOf = <C extends Named>({ columns, keys, nonKeys }: Table<C>, action: Action): readonly C[] => {
  if (action === 'UPDATE') return [...nonKeys, ...keys];
  return action === 'DELETE' ? keys : columns;
};

/** Names of columns as a list in SQL. */
export const nameList = (columns: readonly Named[]): string => columns.map(({ name }) => quote(name)).join(', ');

/** The part of an upsert that says what a row does that is there already: the same in SQLite and PostgreSQL. */
export const onConflict = ({ columns, keys, nonKeys }: Table<Named>): string => {
  const set = nonKeys
    .filter((it) => columns.includes(it))
    .map(({ name }) => `${quote(name)} = excluded.${quote(name)}`);
  return `ON CONFLICT (${nameList(keys)}) DO ${set.length > 0 ? `UPDATE SET ${set.join(', ')}` : 'NOTHING'}`;
};
