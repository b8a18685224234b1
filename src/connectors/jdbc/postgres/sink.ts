import { defineSink } from '../../../core/connector-type.ts';
import { GUARANTEES } from '../../../core/guarantee.ts';
import { checkJdbcPostgres, jdbcPostgresConfig } from './config.ts';

const DEFAULT_BATCH_RECORDS = 5_000;

/**
 * Writes the fields of JSON objects to the columns of a PostgreSQL table, many rows by one statement. Under EFFECTIVELY_ONCE the frontier lies in the table
 * `pulsar_io_checkpoint` of the same schema and moves in the transaction of the data, so every insertMode takes effect once.
 */
export const jdbcPostgresSink = defineSink<typeof jdbcPostgresConfig>({
  name: 'jdbc-postgres',
  summary: 'JDBC sink for PostgreSQL',
  className: 'org.apache.pulsar.io.jdbc.PostgresJdbcAutoSchemaSink',
  configClassName: 'org.apache.pulsar.io.jdbc.JdbcSinkConfig',
  guarantees: GUARANTEES,
  route: 'transactional',
  accepts: 'fields',
  destination: 'table',
  config: jdbcPostgresConfig,
  check: checkJdbcPostgres,
  // Pulsar's 200 is its default, not ours: a commit costs the same for any number of rows.
  maxBatchRecords: ({ batchSize = 0 }) => (batchSize > 0 ? batchSize : DEFAULT_BATCH_RECORDS),
  open: async (config, context) => (await import('./open.ts')).openPostgres(config, context),
});
