import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { OpenLogSource } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { quote } from './columns.ts';
import { databasePath } from './config.ts';
import { sqliteError } from './errors.ts';
import { QueryLog, type QueryRow, type RowPosition } from './query-log.ts';
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
  const ask = (sql: string, values: readonly SQLInputValue[]): Record<string, unknown>[] => {
    try {
      const statement = database.prepare(sql);
      statement.setReadBigInts(true);
      return statement.all(...values) as Record<string, unknown>[];
    } catch (error) {
      throw sourceErrorOf(sqliteError(error, `reading SQLite database ${file}`));
    }
  };
  const statements = statementsOf(config);
  return new QueryLog(
    {
      horizon: async () => {
        const [{ horizon = null } = {}] = ask(statements.horizon, []);
        return horizon === null ? undefined : String(horizon);
      },
      rows: async (from, horizon) => ask(...statements.rows(from, horizon)).map(rowOf),
      close: async () => {
        if (!isClosed) database.close();
        isClosed = true;
      },
    },
    config,
  );
};

const NUMBER = '"pulsar_io_n"';
const TIME = '"pulsar_io_t"';

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
  const names = [
    ...(mode.includes('incrementing') ? [`${n} AS ${NUMBER}`] : []),
    ...(mode.includes('timestamp') ? [`${t} AS ${TIME}`] : []),
  ];
  const select = `SELECT *, ${names.join(', ')} FROM ${from} AS source WHERE`;
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

const rowOf = (row: Record<string, unknown>): QueryRow => {
  const { pulsar_io_n: number = null, pulsar_io_t: time = null } = row;
  return {
    json: jsonOf(row),
    incrementing: number === null ? null : String(number),
    timestamp: time === null ? null : String(time),
  };
};

/** Written field by field, without ours: several times as fast as `stringifyExact`, which asks for each value. */
const jsonOf = (row: Readonly<Record<string, unknown>>): string => {
  let json = '';
  for (const name in row) {
    if (name === 'pulsar_io_n' || name === 'pulsar_io_t') continue;
    json += `${json === '' ? '' : ','}${JSON.stringify(name)}:${jsonValue(row[name])}`;
  }
  return `{${json}}`;
};

/** An integer has all its digits; a blob is base64, as in Debezium's records. */
const jsonValue = (value: unknown): string => {
  if (typeof value === 'bigint') return String(value);
  return JSON.stringify(value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value);
};
