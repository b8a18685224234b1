import { type Static, Type } from '@sinclair/typebox';
import { defineLogSource } from '../../../core/connector-type.ts';
import { GUARANTEES } from '../../../core/guarantee.ts';
import { strictObject } from '../../config.ts';
import { checkQuery, queryKeys } from '../query-keys.ts';
import { rowPosition } from '../query-log.ts';
import { jdbcPostgresConfig } from './config.ts';
import { parsePostgresUrl } from './url.ts';

const { caCertificate, operationTimeoutMs, jdbcUrl } = jdbcPostgresConfig.properties;

/** Keys of the source that reads new rows of a PostgreSQL database. */
export const postgresSourceConfig = strictObject({
  ...queryKeys({
    userName: 'User; absent: that of `jdbcUrl`.',
    jdbcUrl: jdbcUrl.description ?? '',
    tableName: 'Table that is read, as `table` (found along the search path) or `schema.table`. Give this or `query`.',
  }),
  caCertificate,
  operationTimeoutMs,
  writerWaitMs: Type.Integer({
    minimum: 0,
    maximum: 600_000,
    default: 5_000,
    description:
      'How long a look waits for transactions that may still commit rows below the highest number; what is above waits for the next look.',
  }),
});

/** Validated configuration of the jdbc-postgres source. */
export type PostgresSourceConfig = Static<typeof postgresSourceConfig>;

/**
 * Publishes the rows of a PostgreSQL table as JSON objects as they come. Numbers commit out of order; before rows up to the highest number are read, every transaction that was
 * writing to the table when it was seen has ended. The number is the sequence, and EFFECTIVELY_ONCE rests on both.
 */
export const jdbcPostgresSource = defineLogSource<typeof postgresSourceConfig>({
  name: 'jdbc-postgres',
  summary: 'JDBC source for PostgreSQL: new rows of a table or query',
  className: 'pulsar-io-serverless.JdbcPostgresSource',
  guarantees: GUARANTEES,
  config: postgresSourceConfig,
  position: rowPosition,
  check: (config, guarantee) => {
    const url = parsePostgresUrl(config.jdbcUrl);
    return [
      ...(typeof url === 'string' ? [{ path: '/configs/jdbcUrl', message: url }] : []),
      ...checkQuery(config, guarantee),
    ];
  },
  pollIntervalMs: ({ pollIntervalMs }) => pollIntervalMs,
  open: async (config, { signal }) => (await import('./query.ts')).openPostgresQuery(config, signal),
});
