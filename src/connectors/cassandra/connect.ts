import type { Client, ClientOptions } from 'cassandra-driver';
import { PulsarIoError } from '../../core/errors.ts';
import { orAborted, throwIfAborted } from '../abort.ts';
import { type CassandraConfig, contactPoints } from './config.ts';
import { cassandraError } from './errors.ts';

type Driver = typeof import('cassandra-driver');

const loadDriver = async (): Promise<Driver> => {
  try {
    const module = await import('cassandra-driver');
    return (module as unknown as { default?: Driver }).default ?? module;
  } catch (cause) {
    throw new PulsarIoError(
      'PIO_DRIVER_MISSING',
      'the cassandra sink needs the package cassandra-driver: npm install cassandra-driver',
      { cause },
    );
  }
};

/** A connected client. Throws `PIO_SINK_UNAVAILABLE` when no contact point answers, `PIO_SINK_MISCONFIGURED` for wrong credentials, `PIO_DRIVER_MISSING`. */
export const connect = async (config: CassandraConfig, signal: AbortSignal): Promise<Client> => {
  const driver = await loadDriver();
  const options = optionsOf(driver, config);
  const localDataCenter = config.localDatacenter ?? (await discover(driver, options, config, signal));
  return connected(new driver.Client({ ...options, localDataCenter }), config, signal);
};

const optionsOf = (
  driver: Driver,
  { roots, userName, password, consistency, timeoutMs }: CassandraConfig,
): ClientOptions => ({
  contactPoints: contactPoints(roots) ?? [],
  ...(userName !== undefined && password !== undefined && { credentials: { username: userName, password } }),
  socketOptions: { connectTimeout: timeoutMs, readTimeout: timeoutMs },
  // Repeating a write with its timestamp changes nothing, so the driver may.
  queryOptions: { consistency: driver.types.consistencies[consistency], prepare: true, isIdempotent: true },
});

/** Data center of the contact point that answers first. */
const discover = async (
  driver: Driver,
  options: ClientOptions,
  config: CassandraConfig,
  signal: AbortSignal,
): Promise<string> => {
  const loadBalancing = new driver.policies.loadBalancing.RoundRobinPolicy();
  const scout = new driver.Client({
    ...options,
    policies: { loadBalancing },
    pooling: { warmup: false },
    isMetadataSyncEnabled: false,
  });
  await connected(scout, config, signal);
  try {
    const query = 'SELECT data_center FROM system.local';
    const { rows } = await scout.execute(query, [], { consistency: driver.types.consistencies.one, prepare: false });
    return rows[0]?.get('data_center');
  } catch (error) {
    throw cassandraError(error, `asking ${config.roots} for its data center`);
  } finally {
    await scout.shutdown();
  }
};

const connected = async (client: Client, { roots }: CassandraConfig, signal: AbortSignal): Promise<Client> => {
  const doing = `connecting to Cassandra at ${roots}`;
  throwIfAborted(signal, doing);
  const connecting = client.connect();
  try {
    await orAborted(connecting, signal, doing);
    return client;
  } catch (error) {
    // The driver ignores a shutdown before it is connected, so one that was given up is shut down once it is.
    void connecting.then(
      () => client.shutdown(),
      () => closeControlConnection(client),
    );
    throw cassandraError(error, doing);
  }
};

/** The driver (4.10) forgets the socket of its control connection when the first look at the cluster fails, e.g. for an unknown data center. */
const closeControlConnection = (client: Client): void => {
  const { controlConnection } = client as { controlConnection?: { connection?: { close?(): unknown } } };
  controlConnection?.connection?.close?.();
};
