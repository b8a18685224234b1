import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenLogSource } from '../../../core/connector-type.ts';
import { PulsarIoError } from '../../../core/errors.ts';
import { aborted } from '../../abort.ts';
import { quote } from '../columns.ts';
import { QueryLog, type QueryRow, type RowPosition } from '../query-log.ts';
import { sourceErrorOf } from '../source-error.ts';
import { connectPostgres } from './connect.ts';
import { Connection } from './connection.ts';
import { postgresError } from './errors.ts';
import type { PostgresSourceConfig } from './source.ts';
import { FIND_TABLE } from './table.ts';

const AGAIN_MS = 50;

interface Found {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

/** Connects and finds the table; throws `PIO_SOURCE_MISCONFIGURED` and `PIO_SOURCE_UNAVAILABLE`. */
export const openPostgresQuery = async (config: PostgresSourceConfig, signal: AbortSignal): Promise<OpenLogSource> => {
  const { tableName } = config;
  const connection = new Connection(
    await connectPostgres(config, signal).catch((error) => {
      throw sourceErrorOf(error);
    }),
  );
  const ask = async <T>(text: string, values: unknown[], ending: AbortSignal): Promise<readonly T[]> => {
    try {
      const [result] = await connection.send([{ text, values }], ending);
      return (result?.rows ?? []) as T[];
    } catch (error) {
      throw sourceErrorOf(postgresError(error, `reading ${tableName ?? 'the rows of query'} from PostgreSQL`));
    }
  };
  try {
    // Times are compared with the clock, and written, in one zone.
    await ask("SET TIME ZONE 'UTC'", [], signal);
    const [table] = tableName === undefined ? [] : await ask<Found>(FIND_TABLE, [tableName], signal);
    if (tableName !== undefined && !table)
      throw new PulsarIoError('PIO_SOURCE_MISCONFIGURED', `there is no table ${tableName} in the PostgreSQL database`);
    const statements = statementsOf(config, table);
    return new QueryLog(
      {
        horizon: (ending) => horizonOf(ask, config, statements, table, ending),
        rows: (from, horizon, ending) => {
          const [text, values] = statements.rows(from, horizon);
          return ask<QueryRow>(text, values, ending);
        },
        close: () => connection.close(),
      },
      config,
    );
  } catch (error) {
    await connection.close();
    throw error;
  }
};

type Ask = <T>(text: string, values: unknown[], signal: AbortSignal) => Promise<readonly T[]>;

/** Transactions that hold the lock which every writer of the table, or of a partition of it, takes before it is given a number. */
const WRITERS = `SELECT DISTINCT virtualtransaction AS id FROM pg_catalog.pg_locks WHERE locktype = 'relation' AND granted AND pid <> pg_backend_pid()
  AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND relation IN (SELECT $1::oid UNION SELECT relid FROM pg_catalog.pg_partition_tree($1::oid::regclass))
  AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`;

/**
 * The highest number that may be read up to. It was visible before the writers were looked up, so whoever has a lower number from the same sequence is among them, or has
 * ended; when all of them have ended, a new look at the table sees every lower row that will ever be. Undefined: some go on for too long.
 */
const horizonOf = async (
  ask: Ask,
  { mode, writerWaitMs }: PostgresSourceConfig,
  statements: ReturnType<typeof statementsOf>,
  table: Found | undefined,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const [{ horizon } = { horizon: null }] = await ask<{ horizon: string | null }>(statements.horizon, [], signal);
  if (horizon === null || mode !== 'incrementing' || !table) return horizon ?? undefined;
  const writers = async () => (await ask<{ id: string }>(WRITERS, [table.oid], signal)).map(({ id }) => id);
  let left = new Set(await writers());
  for (const endMs = performance.now() + writerWaitMs; left.size > 0; ) {
    if (performance.now() > endMs) return undefined;
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => {
      throw aborted(signal, 'waiting for writers of the table');
    });
    const now = new Set(await writers());
    left = new Set([...left].filter((id) => now.has(id)));
  }
  return horizon;
};

const statementsOf = (config: PostgresSourceConfig, table: Found | undefined) => {
  const {
    mode,
    incrementingColumnName = '',
    timestampColumnName = '',
    batchMaxRows,
    timestampDelayIntervalMs,
  } = config;
  const from = table ? `${quote(table.schema)}.${quote(table.name)}` : `(${config.query})`;
  const [n, t] = [`source.${quote(incrementingColumnName)}`, `source.${quote(timestampColumnName)}`];
  const [number, time] = [
    mode.includes('incrementing') ? `${n}::text` : 'NULL',
    mode.includes('timestamp') ? `${t}::text` : 'NULL',
  ];
  const json = 'to_json(source)::text';
  // JSON is made of the page's rows only: PostgreSQL would make it of all that it sorts to find them.
  const page = (where: string, order: string, offset = 0): string =>
    `SELECT ${json} AS json, ${number} AS incrementing, ${time} AS timestamp FROM
      (SELECT * FROM ${from} AS source WHERE ${where} ORDER BY ${order} LIMIT ${batchMaxRows} OFFSET ${offset}) AS source ORDER BY ${order}`;
  const now = `clock_timestamp() - ${timestampDelayIntervalMs} * interval '1 millisecond'`;
  return {
    horizon:
      mode === 'incrementing'
        ? `SELECT max(${n})::text AS horizon FROM ${from} AS source`
        : `SELECT (${now})::text AS horizon`,
    rows: ({ incrementing, timestamp, ties }: RowPosition, horizon: string): [string, unknown[]] => {
      if (mode === 'incrementing') {
        if (incrementing === undefined) return [page(`${n} <= $1`, n), [horizon]];
        return [page(`${n} <= $1 AND ${n} > $2`, n), [horizon, incrementing]];
      }
      const order = mode === 'timestamp' ? `${t}, ${json}` : `${t}, ${n}`;
      if (timestamp === undefined) return [page(`${t} <= $1`, order), [horizon]];
      if (mode === 'timestamp') return [page(`${t} <= $1 AND ${t} >= $2`, order, ties), [horizon, timestamp]];
      return [page(`${t} <= $1 AND (${t}, ${n}) > ($2, $3)`, order), [horizon, timestamp, incrementing]];
    },
  };
};
