import { orAborted, throwIfAborted } from '../abort.ts';
import { type AerospikeConfig, seedsOf } from './config.ts';
import { type AerospikeClient, type Driver, loadDriver } from './driver.ts';
import { aerospikeError } from './errors.ts';

/** A connected client, and the package it is of. */
export interface Connected {
  readonly driver: Driver;
  readonly client: AerospikeClient;
}

/** Deadline of a connection, as in Pulsar's client whatever `timeoutMs` says. The package connects to seeds within one call that blocks the process: no more than this for each. */
const CONNECT_MS = 1_000;

/** Finds the cluster and logs in. Throws `PIO_SINK_UNAVAILABLE`, `PIO_SINK_MISCONFIGURED` or `PIO_DRIVER_MISSING`. */
export const connectAerospike = async (config: AerospikeConfig, signal: AbortSignal): Promise<Connected> => {
  const doing = `connecting to Aerospike at ${config.seedHosts}`;
  throwIfAborted(signal, doing);
  const driver = loadDriver();
  const client = new driver.Client(optionsOf(driver, config));
  const connecting = client.connect();
  try {
    await orAborted(connecting, signal, doing);
    return { driver, client };
  } catch (error) {
    // Also of one that failed: else the package keeps the process alive.
    const close = (): void => client.close();
    void connecting.then(close, close);
    throw aerospikeError(error, doing);
  }
};

const optionsOf = (driver: Driver, config: AerospikeConfig): object => {
  const { seedHosts, userName = '', password = '', maxConcurrentRequests } = config;
  return {
    hosts: seedsOf(seedHosts),
    ...(userName !== '' && password !== '' && { user: userName, password }),
    maxConnsPerNode: maxConcurrentRequests,
    connTimeoutMs: CONNECT_MS,
    log: { level: driver.log.OFF },
  };
};
