import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../../core/clock.ts';
import type { OpenContext } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { Places } from '../places.ts';
import { CheckpointTable } from './checkpoint-table.ts';
import { databasePath, type JdbcSqliteConfig } from './config.ts';
import { sqliteError } from './errors.ts';
import { mayBeTable } from './places.ts';
import { type SqlitePlace, SqliteSession } from './session.ts';
import { Statements } from './statements.ts';
import { readTable } from './table.ts';
import { Patience, Transactions } from './transaction.ts';

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
    const open = async (tableName: string, ends: AbortSignal): Promise<SqlitePlace> => {
      const of = { ...config, tableName };
      const prepare = () => new Statements(database, readTable(database, of, file), of);
      const statements = await patience.run(prepare, `reading the definition of table ${tableName} in ${what}`, ends);
      return { statements, target: `table ${tableName} of ${what}` };
    };
    const { tableName: home } = config;
    const places = new Places(home, await open(home, signal), { word: 'table', mayBe: mayBeTable, open });
    return new SqliteSession({
      ...{ database, places },
      transactions: new Transactions(database, patience, what),
      checkpoints: new CheckpointTable(database, uid),
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
