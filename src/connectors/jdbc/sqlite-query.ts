import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { OpenLogSource } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { quote } from './columns.ts';
import { databasePath } from './config.ts';
import { sqliteError } from './errors.ts';
import { QueryLog, type QueryRow, type RowPosition } from './query-log.ts';
import { rowJson } from './row-json.ts';
import { sourceErrorOf } from './source-error.ts';
import type { SqliteSourceConfig } from './sqlite-source.ts';

/** Opens the database file; throws `PIO_SOURCE_MISCONFIGURED` when it is not there. */
export const openSqliteQuery = async (config: SqliteSourceConfig): Promise<OpenLogSource> => {
  const file = databasePath(config.jdbcUrl) ?? '';
  const url = pathToFileURL(file);
  url.searchParams.set('mode', 'ro');
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(url, { readOnly: true, timeout: config.busyTimeoutMs });
  } catch (cause) {
    throw new PulsarIoError(
      'PIO_SOURCE_MISCONFIGURED',
      `opening SQLite database ${file}: it does not exist or cannot be read`,
      { cause },
    );
  }
  let isClosed = false;
  const ask = (sql: string, values: readonly SQLInputValue[]): Found => {
    try {
      const statement = database.prepare(sql);
      statement.setReadBigInts(true);
      statement.setReturnArrays(true);
      return {
        names: statement.columns().map(({ name }) => name),
        rows: statement.all(...values) as unknown as Values[],
      };
    } catch (error) {
      throw sourceErrorOf(sqliteError(error, `reading SQLite database ${file}`));
    }
  };
  const statements = statementsOf(config);
  return new QueryLog(
    {
      horizon: async () => {
        const [[horizon = null] = []] = ask(statements.horizon, []).rows;
        return horizon === null ? undefined : String(horizon);
      },
      rows: async (from, horizon) => queryRows(ask(...statements.rows(from, horizon)), config),
      close: async () => {
        if (!isClosed) database.close();
        isClosed = true;
      },
    },
    config,
  );
};

type Values = readonly SQLOutputValue[];

interface Found {
  readonly names: readonly string[];
  readonly rows: readonly Values[];
}

const statementsOf = (config: SqliteSourceConfig) => {
  const {
    mode,
    incrementingColumnName = '',
    timestampColumnName = '',
    batchMaxRows,
    timestampDelayIntervalMs,
  } = config;
  const from = config.tableName === undefined ? `(${config.query})` : quote(config.tableName);
  const [n, t] = [quote(incrementingColumnName), quote(timestampColumnName)];
  const told = [...(mode.includes('incrementing') ? [n] : []), ...(mode.includes('timestamp') ? [t] : [])];
  const select = `SELECT *, ${told.join(', ')} FROM ${from} AS source WHERE`;
  const late = `CASE typeof(${t}) WHEN 'text' THEN ${t} <= strftime('%Y-%m-%d %H:%M:%f', ?1) ELSE ${t} <= strftime('%s', ?1) * 1000 END`;
  const limit = `LIMIT ${batchMaxRows}`;
  const time = (text: string): SQLInputValue => (/^-?\d+$/.test(text) ? BigInt(text) : text);
  return {
    horizon:
      mode === 'incrementing'
        ? `SELECT max(${n}) AS horizon FROM ${from} AS source`
        : `SELECT strftime('%Y-%m-%d %H:%M:%f', 'now', '-${timestampDelayIntervalMs / 1_000} seconds') AS horizon`,
    rows: ({ incrementing, timestamp, ties }: RowPosition, horizon: string): [string, SQLInputValue[]] => {
      if (mode === 'incrementing') {
        const after = incrementing === undefined ? '' : `AND ${n} > ${BigInt(incrementing)}`;
        return [`${select} ${n} <= CAST(?1 AS INTEGER) ${after} ORDER BY ${n} ${limit}`, [horizon]];
      }
      const order = mode === 'timestamp' ? t : `${t}, ${n}`;
      if (timestamp === undefined) return [`${select} ${late} ORDER BY ${order} ${limit}`, [horizon]];
      if (mode === 'timestamp')
        return [
          `${select} ${late} AND ${t} >= ?2 ORDER BY ${order} ${limit} OFFSET ${ties ?? 0}`,
          [horizon, time(timestamp)],
        ];
      const after = `(${t} > ?2 OR ${t} = ?2 AND ${n} > ${BigInt(incrementing ?? 0)})`;
      return [`${select} ${late} AND ${after} ORDER BY ${order} ${limit}`, [horizon, time(timestamp)]];
    },
  };
};

/** Behind the columns of each row is what tells it from others. */
const queryRows = ({ names, rows }: Found, { mode }: SqliteSourceConfig): QueryRow[] => {
  const told = mode === 'timestamp+incrementing' ? 2 : 1;
  const count = names.length - told;
  const jsonOf = rowJson(names.slice(0, count), jsonValue);
  const textOf = (value: SQLOutputValue | undefined): string | null => (value === null ? null : String(value));
  return rows.map((values) => ({
    json: jsonOf(values),
    incrementing: mode.includes('incrementing') ? textOf(values[count]) : null,
    timestamp: mode.includes('timestamp') ? textOf(values[names.length - 1]) : null,
  }));
};

/** An integer has all its digits; a blob is base64, as in Debezium's records. */
const jsonValue = (value: SQLOutputValue): string => {
  if (typeof value === 'bigint') return String(value);
  return JSON.stringify(value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value);
};
