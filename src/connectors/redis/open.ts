import type { OpenContext } from '../../core/connector-type.ts';
import { isCluster, type RedisConfig } from './config.ts';
import { connectRedis } from './connect.ts';
import { RedisSession } from './session.ts';

/** Connects to the servers; throws `PIO_SINK_MISCONFIGURED` and `PIO_SINK_UNAVAILABLE`. */
export const openRedis = async (config: RedisConfig, { guarantee, signal }: OpenContext): Promise<RedisSession> =>
  new RedisSession({
    client: await connectRedis(config, signal),
    isCluster: isCluster(config),
    isVersioned: guarantee === 'EFFECTIVELY_ONCE',
    versionPrefix: config.versionPrefix,
    tombstoneTtlMs: config.tombstoneTtlMs,
    target: `Redis at ${config.redisHosts}, database ${config.redisDatabase}`,
  });
