import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { strictObject } from '../config.ts';
import { jdbcKeys, keyProblems } from './keys.ts';

/** Pulsar's `JdbcSinkConfig`, in its order, then ours. */
export const jdbcSqliteConfig = strictObject({
  ...jdbcKeys({
    userName: 'Accepted and not used: SQLite has no users.',
    password: 'Accepted and not used: SQLite has no passwords.',
    jdbcUrl: '`jdbc:sqlite:` and the path of an existing database file.',
    tableName: 'Table that is written to; it must exist.',
  }),
  busyTimeoutMs: Type.Integer({
    minimum: 0,
    maximum: 300_000,
    default: 5_000,
    description: 'How long to wait for another writer of the database file, in milliseconds.',
  }),
  foreignKeys: Type.Boolean({
    default: false,
    description: "Whether SQLite enforces the tables' foreign keys; off, as in SQLite itself.",
  }),
});

/** Validated configuration of the jdbc-sqlite sink. */
export type JdbcSqliteConfig = Static<typeof jdbcSqliteConfig>;

const PREFIX = 'jdbc:sqlite:';

/** Path of the database file in a JDBC URL; undefined when it does not name a plain file. */
export const databasePath = (jdbcUrl: string): string | undefined => {
  if (!jdbcUrl.startsWith(PREFIX)) return undefined;
  const path = jdbcUrl.slice(PREFIX.length);
  return path === '' || path.startsWith(':') || path.startsWith('file:') || path.includes('?') ? undefined : path;
};

/** What is wrong with a `jdbcUrl` that {@link databasePath} does not take. */
export const SQLITE_URL_PROBLEM =
  'must be jdbc:sqlite: and the path of a database file; a database in memory would be gone after each run, and URL parameters are not taken';

/** Cross-field rules of {@link jdbcSqliteConfig}. */
export const checkJdbcSqlite = (config: JdbcSqliteConfig): Problem[] => {
  const problems = keyProblems(config);
  if (databasePath(config.jdbcUrl) === undefined)
    problems.unshift({
      path: '/configs/jdbcUrl',
      message: SQLITE_URL_PROBLEM,
    });
  return problems;
};
