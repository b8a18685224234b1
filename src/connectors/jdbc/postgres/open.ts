import type { OpenContext } from '../../../core/connector-type.ts';
import { CheckpointTable } from './checkpoint-table.ts';
import { type JdbcPostgresConfig, urlOf } from './config.ts';
import { connectPostgres } from './connect.ts';
import { Connection } from './connection.ts';
import { postgresError } from './errors.ts';
import { PostgresSession } from './session.ts';
import { Statements } from './statements.ts';
import { readTable } from './table.ts';

/** A commit that was reported must survive a crash of the server: the frontier, and then the acknowledgement, rest on it. */
const DURABLE = {
  text: "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
};

/** Connects and reads the table's definition; throws `PIO_SINK_MISCONFIGURED` and `PIO_SINK_UNAVAILABLE`. */
export const openPostgres = async (
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
