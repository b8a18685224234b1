import type { Client, ClientConfig } from 'pg';
import { orAborted, throwIfAborted } from '../abort.ts';
import { connectHost, destroy, tlsChoices } from '../jdbc/postgres/connect.ts';
import type { DebeziumPostgresConfig } from './config.ts';
import { sourceError } from './errors.ts';

/** What makes the server write values in one form, whatever its own settings are. */
const FORMS = [
  'datestyle=ISO',
  'intervalstyle=postgres',
  'timezone=UTC',
  'bytea_output=hex',
  'extra_float_digits=3',
  'client_encoding=UTF8',
];

/** How long the server keeps the slot for a run that was killed or frozen, in milliseconds. */
const SILENCE_MS = 10_000;

/** A connection for statements, or with `isReplication` one that speaks the replication protocol, too. */
export const connect = async (
  config: DebeziumPostgresConfig,
  signal: AbortSignal,
  isReplication = false,
): Promise<Client> => {
  const [host, port] = [config['database.hostname'], config['database.port']];
  const doing = `connecting to PostgreSQL at ${host}:${port}`;
  const offers = tlsChoices({ sslMode: config['database.sslmode'] }, config);
  try {
    return await connectHost({ ...common(config, isReplication), host, port } as ClientConfig, offers, doing, signal);
  } catch (error) {
    throw sourceError(error, doing);
  }
};

const common = (config: DebeziumPostgresConfig, isReplication: boolean) => ({
  user: config['database.user'],
  password: config['database.password'],
  database: config['database.dbname'],
  application_name: 'pulsar-io-serverless',
  connectionTimeoutMillis: config.operationTimeoutMs,
  keepAlive: true,
  options: [...FORMS, ...(isReplication ? [`wal_sender_timeout=${SILENCE_MS}`] : [])].map((it) => `-c ${it}`).join(' '),
  ...(isReplication ? { replication: 'database' } : { query_timeout: config.operationTimeoutMs }),
});

/** Rows of a statement. Throws what `pg` throws, or `PIO_ABORTED`: then the connection is gone. */
export const rowsOf = async <T>(
  client: Client,
  text: string,
  signal: AbortSignal,
  values?: readonly unknown[],
): Promise<readonly T[]> => {
  throwIfAborted(signal, 'asking PostgreSQL');
  try {
    const { rows } = await orAborted(client.query(text, values as unknown[]), signal, 'asking PostgreSQL');
    return rows as T[];
  } catch (error) {
    if (signal.aborted) destroy(client);
    throw error;
  }
};
