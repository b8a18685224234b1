import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { type Clock, systemClock } from '../../core/clock.ts';
import { defineSink, type OpenContext } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { throwIfAborted } from '../abort.ts';
import { CheckpointTable } from './checkpoint-table.ts';
import { checkJdbcSqlite, databasePath, type JdbcSqliteConfig, jdbcSqliteConfig } from './config.ts';
import { sqliteError } from './errors.ts';
import { SqliteSession } from './session.ts';
import { Statements } from './statements.ts';
import { readTable } from './table.ts';
import { Patience, Transactions } from './transaction.ts';

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
  config: jdbcSqliteConfig,
  check: checkJdbcSqlite,
  // Pulsar's 200 is its default, not ours: a commit costs the same for any number of rows.
  maxBatchRecords: ({ batchSize = 0 }) => (batchSize > 0 ? batchSize : DEFAULT_BATCH_RECORDS),
  open: (config, context) => openSqlite(config, context, systemClock),
});

/** Opens the sink; throws `PIO_SINK_MISCONFIGURED` when file, table or column is missing, `PIO_SINK_UNAVAILABLE` when the file cannot be read now. */
export const openSqlite = async (
  config: JdbcSqliteConfig,
  { uid, signal }: Pick<OpenContext, 'uid' | 'signal'>,
  clock: Clock,
): Promise<SqliteSession> => {
  const file = databasePath(config.jdbcUrl) ?? '';
  throwIfAborted(signal, `opening ${file}`);
  const database = await connect(file, config);
  try {
    const what = `SQLite database ${file}`;
    const patience = new Patience(clock, config.busyTimeoutMs);
    const prepare = () => new Statements(database, readTable(database, config, file), config);
    return new SqliteSession({
      database,
      transactions: new Transactions(database, patience, what),
      statements: await patience.run(prepare, `reading the definition of table ${config.tableName} in ${what}`, signal),
      checkpoints: new CheckpointTable(database, uid),
      target: `table ${config.tableName} of ${what}`,
    });
  } catch (error) {
    database.close();
    throw sqliteError(error, `opening ${file}`);
  }
};

const connect = async (file: string, { foreignKeys }: JdbcSqliteConfig): Promise<DatabaseSync> => {
  const { DatabaseSync } = await import('node:sqlite');
  const url = pathToFileURL(file);
  url.searchParams.set('mode', 'rw'); // a missing file is a mistake: it would have no table
  try {
    const database = new DatabaseSync(url, { enableForeignKeyConstraints: foreignKeys, timeout: 0 });
    // A commit that was reported must survive a power cut: the frontier, and then the acknowledgement, rest on it.
    database.exec('PRAGMA synchronous = FULL');
    return database;
  } catch (error) {
    throw new PulsarIoError(
      'PIO_SINK_MISCONFIGURED',
      `opening SQLite database ${file}: it does not exist or cannot be opened for writing`,
      {
        cause: error,
      },
    );
  }
};
