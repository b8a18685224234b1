import { quote } from '../columns.ts';
import type { RowPosition } from '../query-log.ts';
import type { PostgresSourceConfig } from './source.ts';
import type { Query } from './statements.ts';

/** A table as the catalogue has it. */
export interface FoundTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

/** What is asked of PostgreSQL for the rows of `table`, or of the query where there is none. */
export interface QueryStatements {
  /** Has the columns of the rows, and no row. */
  readonly columns: string;
  /** Up to where rows may be read now: null or a text. */
  readonly horizon: string;
  /** A page of `columns` of `source`, behind `from` and up to `horizon`, and what to bind. */
  rows(columns: readonly string[], from: RowPosition, horizon: string): Query;
}

/** What a page begins behind, in which order, and what to bind for it from `$2` on. */
interface Behind {
  readonly where?: string;
  readonly order: string;
  readonly offset?: number;
  readonly values?: readonly unknown[];
}

/** Writes the statements of a source. */
export const queryStatements = (config: PostgresSourceConfig, table: FoundTable | undefined): QueryStatements => {
  const { mode, incrementingColumnName = '', timestampColumnName = '', batchMaxRows } = config;
  const from = `${table ? `${quote(table.schema)}.${quote(table.name)}` : `(${config.query})`} AS source`;
  const [n, t] = [`source.${quote(incrementingColumnName)}`, `source.${quote(timestampColumnName)}`];
  const now = `clock_timestamp() - ${config.timestampDelayIntervalMs} * interval '1 millisecond'`;
  const isNumber = mode === 'incrementing';
  const behind = ({ incrementing, timestamp, ties }: RowPosition): Behind => {
    if (isNumber)
      return incrementing === undefined ? { order: n } : { where: `${n} > $2`, order: n, values: [incrementing] };
    const order = mode === 'timestamp' ? `${t}, to_json(source)::text` : `${t}, ${n}`;
    if (timestamp === undefined) return { order };
    if (mode === 'timestamp') return { where: `${t} >= $2`, order, offset: ties ?? 0, values: [timestamp] };
    return { where: `(${t}, ${n}) > ($2, $3)`, order, values: [timestamp, incrementing] };
  };
  return {
    columns: `SELECT * FROM ${from} LIMIT 0`,
    horizon: isNumber ? `SELECT max(${n})::text AS horizon FROM ${from}` : `SELECT (${now})::text AS horizon`,
    // The horizon is no condition of the page itself: a table without statistics would be read and sorted up to there for each page.
    rows: (columns, position, horizon) => {
      const { where = 'true', order, offset = 0, values = [] } = behind(position);
      const page = `SELECT * FROM ${from} WHERE ${where} ORDER BY ${order} LIMIT ${batchMaxRows} OFFSET ${offset}`;
      const upTo = `${isNumber ? n : t} <= $1`;
      const text = `SELECT ${columns.join(', ')} FROM (${page}) AS source WHERE ${upTo} ORDER BY ${order}`;
      return { text, values: [horizon, ...values] };
    },
  };
};
