import { systemClock } from '../../core/clock.ts';
import { defineSink } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkJdbcSqlite, jdbcSqliteConfig } from './config.ts';

const DEFAULT_BATCH_RECORDS = 1_000;

/**
 * Writes the fields of JSON objects to the columns of a SQLite table. Under EFFECTIVELY_ONCE the frontier lies in the table `pulsar_io_checkpoint` of the same
 * database file and moves in the transaction of the data, so every insertMode takes effect once. Fields without a column are ignored, columns without a field are
 * null, as in Pulsar.
 */
export const jdbcSqliteSink = defineSink<typeof jdbcSqliteConfig>({
  name: 'jdbc-sqlite',
  summary: 'JDBC sink for SQLite',
  className: 'org.apache.pulsar.io.jdbc.SqliteJdbcAutoSchemaSink',
  configClassName: 'org.apache.pulsar.io.jdbc.JdbcSinkConfig',
  guarantees: GUARANTEES,
  route: 'transactional',
  accepts: 'fields',
  destination: 'table',
  config: jdbcSqliteConfig,
  check: checkJdbcSqlite,
  // Pulsar's 200 is its default, not ours: a commit costs the same for any number of rows.
  maxBatchRecords: ({ batchSize = 0 }) => (batchSize > 0 ? batchSize : DEFAULT_BATCH_RECORDS),
  open: async (config, context) => (await import('./open-sqlite.ts')).openSqlite(config, context, systemClock),
});
