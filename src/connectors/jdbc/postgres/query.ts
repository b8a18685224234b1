import { setTimeout as sleep } from 'node:timers/promises';
import type { QueryResult } from 'pg';
import type { OpenLogSource } from '../../../core/connector-type.ts';
import { PulsarIoError } from '../../../core/errors.ts';
import { aborted } from '../../abort.ts';
import { QueryLog } from '../query-log.ts';
import { sourceErrorOf } from '../source-error.ts';
import { connectPostgres } from './connect.ts';
import { Connection } from './connection.ts';
import { postgresError } from './errors.ts';
import { type FoundTable, queryStatements } from './query-statements.ts';
import { type RowPage, rowPage, TEXTS } from './row-page.ts';
import type { PostgresSourceConfig } from './source.ts';
import type { Query } from './statements.ts';
import { FIND_TABLE } from './table.ts';

const AGAIN_MS = 50;

/** Connects and finds the table; throws `PIO_SOURCE_MISCONFIGURED` and `PIO_SOURCE_UNAVAILABLE`. */
export const openPostgresQuery = async (config: PostgresSourceConfig, signal: AbortSignal): Promise<OpenLogSource> => {
  const { tableName } = config;
  const connection = new Connection(
    await connectPostgres(config, signal).catch((error) => {
      throw sourceErrorOf(error);
    }),
  );
  const send = async (query: Query, ending: AbortSignal): Promise<QueryResult> => {
    try {
      const [result] = await connection.send([query], ending);
      return result as QueryResult;
    } catch (error) {
      throw sourceErrorOf(postgresError(error, `reading ${tableName ?? 'the rows of query'} from PostgreSQL`));
    }
  };
  const ask: Ask = async (text, values, ending) => (await send({ text, values }, ending)).rows;
  try {
    // Times are compared with the clock, and written, in one zone.
    await ask("SET TIME ZONE 'UTC'", [], signal);
    const [table] = tableName === undefined ? [] : await ask<FoundTable>(FIND_TABLE, [tableName], signal);
    if (tableName !== undefined && !table)
      throw new PulsarIoError('PIO_SOURCE_MISCONFIGURED', `there is no table ${tableName} in the PostgreSQL database`);
    const statements = queryStatements(config, table);
    let page: RowPage | undefined;
    return new QueryLog(
      {
        horizon: async (ending) => {
          page = rowPage((await send({ text: statements.columns }, ending)).fields, config);
          return horizonOf(ask, config, statements, table, ending);
        },
        rows: async (from, horizon, ending) => {
          const { select, rows } = page as RowPage;
          return rows(await send({ ...statements.rows(select, from, horizon), ...TEXTS }, ending));
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
  statements: ReturnType<typeof queryStatements>,
  table: FoundTable | undefined,
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
