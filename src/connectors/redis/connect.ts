import type { Cluster, Redis } from 'ioredis';
import { PulsarIoError } from '../../core/errors.ts';
import { orAborted, throwIfAborted } from '../abort.ts';
import { hostsOf, isCluster, type RedisConfig } from './config.ts';
import { redisError } from './errors.ts';
import { VERSIONED_WRITE } from './script.ts';

/** A client with the command of {@link VERSIONED_WRITE}. */
export type RedisClient = (Redis | Cluster) & {
  versionedWrite(keys: number, ...keysAndArguments: (string | Buffer | number)[]): Promise<(string | number)[]>;
};

/** A connected client, which neither reconnects nor sends anything twice. Throws `PIO_SINK_UNAVAILABLE` or `PIO_SINK_MISCONFIGURED`. */
export const connectRedis = async (config: RedisConfig, signal: AbortSignal): Promise<RedisClient> => {
  const doing = `connecting to Redis at ${config.redisHosts}`;
  throwIfAborted(signal, doing);
  const driver = await import('ioredis');
  const hosts = hostsOf(config.redisHosts) ?? [];
  const options = optionsOf(config);
  const client = isCluster(config)
    ? new driver.Cluster(hosts, {
        ...{
          lazyConnect: true,
          enableOfflineQueue: false,
          enableAutoPipelining: true,
          clusterRetryStrategy: () => null,
        },
        redisOptions: options,
      })
    : new driver.Redis({
        ...options,
        ...hosts[0],
        db: config.redisDatabase,
        lazyConnect: true,
        enableOfflineQueue: false,
      });
  client.defineCommand('versionedWrite', { lua: VERSIONED_WRITE });
  let cause: Error | undefined;
  client.on('error', (error: Error) => {
    cause ??= deepest(error);
  });
  // A cluster whose nodes do not know their own addresses lets the client wait for ever.
  const deadline = AbortSignal.timeout(config.connectTimeout + config.operationTimeout);
  try {
    const ready = client.connect().then(() => client.ping());
    await orAborted(ready, AbortSignal.any([signal, deadline]), doing);
    if (cause) throw cause;
    return client as RedisClient;
  } catch (error) {
    client.disconnect();
    if (signal.aborted) throw error;
    if (deadline.aborted) throw new PulsarIoError('PIO_SINK_UNAVAILABLE', `${doing}: no answer in time`);
    throw redisError(cause ?? error, doing);
  }
};

const optionsOf = (config: RedisConfig) => {
  const { userName, redisPassword, connectTimeout, operationTimeout, keepAlive, tls, caCertificate } = config;
  return {
    ...(userName !== undefined && { username: userName }),
    ...(redisPassword !== undefined && redisPassword !== '' && { password: redisPassword }),
    connectTimeout,
    commandTimeout: operationTimeout,
    keepAlive: keepAlive ? 10_000 : 0,
    noDelay: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    ...(tls && { tls: { ...(caCertificate !== undefined && { ca: caCertificate }) } }),
  };
};

/** A cluster says that no node answered; the node's own error says why. */
const deepest = (error: Error): Error => {
  const { lastNodeError } = error as { lastNodeError?: Error };
  return lastNodeError ?? error;
};
