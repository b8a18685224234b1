import type { OpenContext } from '../../../core/connector-type.ts';
import { Places } from '../../places.ts';
import { mayBeTable } from '../places.ts';
import { CheckpointTable } from './checkpoint-table.ts';
import { type JdbcPostgresConfig, urlOf } from './config.ts';
import { connectPostgres } from './connect.ts';
import { Connection } from './connection.ts';
import { postgresError } from './errors.ts';
import { type PostgresPlace, PostgresSession } from './session.ts';
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
  const targetOf = (tableName: string) => `table ${tableName} of PostgreSQL database ${database ?? client.database}`;
  const open = async (tableName: string, ends: AbortSignal): Promise<PostgresPlace> => {
    const of = { ...config, tableName };
    const target = targetOf(tableName);
    const table = await readTable(client, of);
    const statements = new Statements(table, of);
    await connection.send([statements.probe()], ends).catch((error) => {
      throw postgresError(error, `opening ${target}`);
    });
    return { table, statements, target };
  };
  try {
    await connection.send([DURABLE], signal);
    const home = await open(config.tableName, signal);
    return new PostgresSession({
      connection,
      places: new Places(config.tableName, home, { word: 'table', mayBe: mayBeTable, open }),
      checkpoints: new CheckpointTable(connection, home.table.schema, uid),
    });
  } catch (error) {
    await connection.close();
    throw postgresError(error, `opening ${targetOf(config.tableName)}`);
  }
};
