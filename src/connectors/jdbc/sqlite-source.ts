import { type Static, Type } from '@sinclair/typebox';
import { defineLogSource } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { strictObject } from '../config.ts';
import { databasePath, SQLITE_URL_PROBLEM } from './config.ts';
import { checkQuery, queryKeys } from './query-keys.ts';
import { rowPosition } from './query-log.ts';

/** Keys of the source that reads new rows of a SQLite database. */
export const sqliteSourceConfig = strictObject({
  ...queryKeys({
    userName: 'Accepted and not used: SQLite has no users.',
    jdbcUrl: '`jdbc:sqlite:` and the path of an existing database file.',
    tableName: 'Table or view that is read. Give this or `query`.',
  }),
  busyTimeoutMs: Type.Integer({
    minimum: 0,
    maximum: 300_000,
    default: 5_000,
    description: 'How long to wait for a writer of the database file, in milliseconds.',
  }),
});

/** Validated configuration of the jdbc-sqlite source. */
export type SqliteSourceConfig = Static<typeof sqliteSourceConfig>;

/**
 * Publishes the rows of a SQLite table as JSON objects as they come. SQLite has one writer at a time, so that a number which SQLite gives (`INTEGER PRIMARY KEY AUTOINCREMENT`)
 * grows in the order of the commits: the number is the sequence, and EFFECTIVELY_ONCE rests on that.
 */
export const jdbcSqliteSource = defineLogSource<typeof sqliteSourceConfig>({
  name: 'jdbc-sqlite',
  summary: 'JDBC source for SQLite: new rows of a table or query',
  className: 'pulsar-io-serverless.JdbcSqliteSource',
  guarantees: GUARANTEES,
  config: sqliteSourceConfig,
  position: rowPosition,
  check: (config, guarantee) => [
    ...(databasePath(config.jdbcUrl) === undefined ? [{ path: '/configs/jdbcUrl', message: SQLITE_URL_PROBLEM }] : []),
    ...checkQuery(config, guarantee),
  ],
  pollIntervalMs: ({ pollIntervalMs }) => pollIntervalMs,
  open: async (config) => (await import('./sqlite-query.ts')).openSqliteQuery(config),
});
