import type { ConnectionOptions } from 'node:tls';
import type { Client, ClientConfig } from 'pg';
import type { PulsarIoError } from '../../../core/errors.ts';
import { orAborted, throwIfAborted } from '../../abort.ts';
import { type JdbcPostgresConfig, urlOf } from './config.ts';
import { postgresCode, postgresError } from './errors.ts';
import type { PostgresUrl } from './url.ts';

/** The keys that say how the server is reached. */
export type ConnectionKeys = Pick<
  JdbcPostgresConfig,
  'jdbcUrl' | 'userName' | 'password' | 'caCertificate' | 'operationTimeoutMs'
>;

/** A connected client in pipeline mode: queries are sent without waiting for the answers of those before. */
export const connectPostgres = async (config: ConnectionKeys, signal: AbortSignal): Promise<Client> => {
  const url = urlOf(config);
  let last: unknown;
  for (const { host, port } of url.hosts) {
    const doing = `connecting to PostgreSQL at ${host}:${port}`;
    try {
      const options = { ...common(config, url), host, port };
      return await connectHost(options, tlsChoices(url, config), doing, signal);
    } catch (error) {
      last = postgresError(error, doing);
      if ((last as PulsarIoError).code === 'PIO_ABORTED') throw last;
    }
  }
  throw last;
};

/** Connects to one server, with the first of these offers that it takes. Throws what `pg` throws of the last that was tried, or `PIO_ABORTED`. */
export const connectHost = async (
  options: ClientConfig,
  offers: readonly (ConnectionOptions | false)[],
  doing: string,
  signal: AbortSignal,
): Promise<Client> => {
  const { Client } = (await import('pg')).default;
  let last: unknown;
  for (const ssl of offers) {
    throwIfAborted(signal, doing);
    const client = new Client({ ...options, ssl });
    client.on('error', () => undefined); // of an idle connection; the next query says it again
    try {
      await orAborted(client.connect(), signal, doing);
      return client;
    } catch (error) {
      destroy(client);
      last = error;
      // Only a server without TLS is worth another try without.
      if (postgresCode(error) !== 'PIO_SINK_MISCONFIGURED' || !/does not support SSL/.test(String(error))) break;
    }
  }
  throw last;
};

/** Ends the connection at once, whatever it is doing: the server rolls back. */
export const destroy = (client: Client): void => {
  (client as unknown as { connection?: { stream?: { destroy(): void } } }).connection?.stream?.destroy();
};

const common = (config: ConnectionKeys, url: PostgresUrl): ClientConfig & { pipeline: boolean } => {
  const { operationTimeoutMs } = config;
  const [user, password] = [config.userName || url.user, config.password || url.password];
  const timeoutMs = Math.min(url.socketTimeoutMs ?? operationTimeoutMs, operationTimeoutMs);
  return {
    ...(user !== undefined && { user, database: url.database ?? user }),
    ...(password !== undefined && { password }),
    ...(url.database !== undefined && { database: url.database }),
    application_name: url.applicationName ?? 'pulsar-io-serverless',
    connectionTimeoutMillis: url.connectTimeoutMs ?? operationTimeoutMs,
    query_timeout: timeoutMs + 1_000,
    statement_timeout: timeoutMs,
    // A run that is frozen in a transaction keeps the row of its frontier locked: the server ends it, so that its successor can fence.
    idle_in_transaction_session_timeout: operationTimeoutMs,
    keepAlive: true,
    pipeline: true,
    ...(url.currentSchema !== undefined && { options: `-c search_path=${url.currentSchema.replaceAll(' ', '\\ ')}` }),
  };
};

/** What to offer the server, in this order. */
export const tlsChoices = (
  { sslMode }: Pick<PostgresUrl, 'sslMode'>,
  { caCertificate }: { readonly caCertificate?: string },
): (ConnectionOptions | false)[] => {
  const ca = caCertificate === undefined ? {} : { ca: caCertificate };
  switch (sslMode) {
    case 'disable':
    case 'allow':
      return [false];
    case 'prefer':
      return [{ rejectUnauthorized: false }, false];
    case 'require':
      return [{ rejectUnauthorized: false }];
    case 'verify-ca':
      return [{ ...ca, checkServerIdentity: () => undefined }];
    case 'verify-full':
      return [ca];
  }
};
