import { defineSink } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkRedis, redisConfig } from './config.ts';

/**
 * Stores the payload of each message under its key; a message without payload deletes the key. Under EFFECTIVELY_ONCE a script on the server keeps the version of
 * each key beside it and writes nothing that is older, so a repeated or late write has no effect. It needs keys that come from one topic-partition.
 */
export const redisSink = defineSink<typeof redisConfig>({
  name: 'redis',
  summary: 'A sink connector is used for moving messages from Pulsar to Redis.',
  className: 'org.apache.pulsar.io.redis.sink.RedisSink',
  configClassName: 'org.apache.pulsar.io.redis.sink.RedisSinkConfig',
  guarantees: GUARANTEES,
  route: 'versioned',
  accepts: 'bytes',
  config: redisConfig,
  check: checkRedis,
  maxBatchRecords: ({ batchSize = 1_000 }) => batchSize,
  open: async (config, context) => (await import('./open.ts')).openRedis(config, context),
});
