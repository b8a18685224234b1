import { defineSink, type OpenContext } from '../../../core/connector-type.ts';
import { GUARANTEES } from '../../../core/guarantee.ts';
import { CheckpointTable } from './checkpoint-table.ts';
import { checkJdbcPostgres, type JdbcPostgresConfig, jdbcPostgresConfig, urlOf } from './config.ts';
import { connectPostgres } from './connect.ts';
import { Connection } from './connection.ts';
import { postgresError } from './errors.ts';
import { PostgresSession } from './session.ts';
import { Statements } from './statements.ts';
import { readTable } from './table.ts';

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
  config: jdbcPostgresConfig,
  check: checkJdbcPostgres,
  // Pulsar's 200 is its default, not ours: a commit costs the same for any number of rows.
  maxBatchRecords: ({ batchSize = 0 }) => (batchSize > 0 ? batchSize : DEFAULT_BATCH_RECORDS),
  open: (config, context) => openPostgres(config, context),
});

/** A commit that was reported must survive a crash of the server: the frontier, and then the acknowledgement, rest on it. */
const DURABLE = {
  text: "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
};

const openPostgres = async (
  config: JdbcPostgresConfig,
  { uid, signal }: Pick<OpenContext, 'uid' | 'signal'>,
): Promise<PostgresSession> => {
  const client = await connectPostgres(config, signal);
  const connection = new Connection(client);
  const { database } = urlOf(config);
  const target = `table ${config.tableName} of PostgreSQL database ${database ?? client.database}`;
  try {
    const table = await readTable(client, config);
    const statements = new Statements(table, config);
    await connection.send([DURABLE, statements.probe()], signal);
    return new PostgresSession({
      connection,
      statements,
      checkpoints: new CheckpointTable(connection, table.schema, uid),
      target,
    });
  } catch (error) {
    await connection.close();
    throw postgresError(error, `opening ${target}`);
  }
};
