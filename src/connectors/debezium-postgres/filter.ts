import { splitList, wholeMatch } from '../config.ts';
import type { DebeziumPostgresConfig } from './config.ts';

type Matches = (name: string) => boolean;

const listed = (list: string | undefined): Matches | undefined => {
  const patterns = splitList(list).flatMap((it) => wholeMatch(it) ?? []);
  return patterns.length === 0 ? undefined : (name) => patterns.some((it) => it.test(name));
};

const selected = (include: string | undefined, exclude: string | undefined): Matches => {
  const [isIncluded, isExcluded] = [listed(include), listed(exclude)];
  return (name) => (isIncluded?.(name) ?? true) && !isExcluded?.(name);
};

/** What of the database is read. */
export interface Filter {
  takesTable(schema: string, table: string): boolean;
  takesColumn(schema: string, table: string, column: string): boolean;
}

/** The filter that the include and exclude lists describe. */
export const filterOf = (config: DebeziumPostgresConfig): Filter => {
  const schemas = selected(
    config['schema.include.list'] ?? config['schema.whitelist'],
    config['schema.exclude.list'] ?? config['schema.blacklist'],
  );
  const tables = selected(
    config['table.include.list'] ?? config['table.whitelist'],
    config['table.exclude.list'] ?? config['table.blacklist'],
  );
  const columns = selected(config['column.include.list'], config['column.exclude.list']);
  return {
    takesTable: (schema, table) => schemas(schema) && tables(`${schema}.${table}`),
    takesColumn: (schema, table, column) => columns(`${schema}.${table}.${column}`),
  };
};
