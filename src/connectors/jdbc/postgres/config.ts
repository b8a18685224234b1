import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../../core/connector-type.ts';
import { caCertificate, strictObject } from '../../config.ts';
import { jdbcKeys, keyProblems } from '../keys.ts';
import { type PostgresUrl, parsePostgresUrl } from './url.ts';

/** Pulsar's `JdbcSinkConfig`, in its order, then ours. */
export const jdbcPostgresConfig = strictObject({
  ...jdbcKeys({
    userName: 'User; absent: that of `jdbcUrl`.',
    password: 'Password; absent: that of `jdbcUrl`.',
    jdbcUrl:
      '`jdbc:postgresql://host:port/database`; several hosts with commas between are tried in turn. Parameters taken: `user`, `password`, `ssl`, `sslmode` (default `prefer`), `currentSchema`, `ApplicationName`, `connectTimeout`, `socketTimeout`. Those of pgjdbc that only tune it have no effect; others are refused.',
    tableName: 'Table that is written to, as `table` (found along the search path) or `schema.table`; it must exist.',
  }),
  caCertificate: caCertificate('the server’s certificate', ', for `sslmode` `verify-ca` and `verify-full`'),
  operationTimeoutMs: Type.Integer({
    minimum: 100,
    maximum: 600_000,
    default: 30_000,
    description:
      'Deadline of connecting and of one statement, and how long the server lets a transaction of a run lie idle that does not answer any more, in milliseconds.',
  }),
});

/** Validated configuration of the jdbc-postgres sink. */
export type JdbcPostgresConfig = Static<typeof jdbcPostgresConfig>;

/** What the `jdbcUrl` of a checked config says. */
export const urlOf = ({ jdbcUrl }: Pick<JdbcPostgresConfig, 'jdbcUrl'>): PostgresUrl => {
  const url = parsePostgresUrl(jdbcUrl);
  if (typeof url === 'string') throw new TypeError(`jdbcUrl ${url}`);
  return url;
};

/** Cross-field rules of {@link jdbcPostgresConfig}. */
export const checkJdbcPostgres = (config: JdbcPostgresConfig): Problem[] => {
  const url = parsePostgresUrl(config.jdbcUrl);
  const problems = keyProblems(config);
  if (typeof url === 'string') problems.unshift({ path: '/configs/jdbcUrl', message: url });
  return problems;
};
