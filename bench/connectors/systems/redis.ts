import { Redis } from 'ioredis';
import { redisTarget } from '../../../test/e2e/redis-target.ts';
import type { System } from '../system.ts';

/** Redis: a pipeline for each batch. */
export const redis = async (): Promise<System> => ({
  sink: {
    records: 50_000,
    target: () => redisTarget(),
    modes: { '': { batchSize: 1_000 } },
    raw: async ({ configs }, batches) => {
      const [host = '', port] = String(configs.redisHosts).split(':');
      const client = new Redis({ host, port: Number(port) });
      return async () => {
        for (const batch of batches) {
          const pipeline = client.pipeline();
          for (const row of batch) pipeline.set(row.key as string, row.bytes as Buffer);
          await pipeline.exec();
        }
        client.disconnect();
      };
    },
  },
  [Symbol.asyncDispose]: async () => undefined,
});
