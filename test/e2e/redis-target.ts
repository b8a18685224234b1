import { Redis } from 'ioredis';
import { startRedis } from '../services/redis.ts';
import type { Target } from './target.ts';

/** A Redis of its own, as it counts the commands of all its clients: a repeated write is the same key. */
export const redisTarget = async (): Promise<Target> => {
  const server = await startRedis();
  const { host, port } = server.address;
  const client = new Redis({ host, port });
  const keys = async (): Promise<string[]> =>
    (await client.keys('*')).filter((key) => !key.startsWith('pulsar-io:version:'));
  const callsOf = async (command: string): Promise<number> =>
    Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await client.info('commandstats'))?.[1] ?? 0);
  const rows = async (): Promise<number> => (await keys()).length;
  return {
    name: 'Redis',
    sinkType: 'redis',
    configs: { redisHosts: `${host}:${port}`, batchSize: 100 },
    sourceConfigs: { keyField: 'id' },
    repeatsAreRows: false,
    rows,
    distinct: rows,
    read: async () => {
      const names = await keys();
      const values = names.length > 0 ? await client.mget(names) : [];
      return values.map((text) => (JSON.parse(text ?? '{}') as { n: number }).n).sort((a, b) => a - b);
    },
    // The script reads a version for each write that it is asked for; without it, each write is a SET.
    repeatedWrites: async () => ((await callsOf('get')) || (await callsOf('set'))) - (await rows()),
    [Symbol.asyncDispose]: async () => {
      client.disconnect();
      await server.stop();
    },
  };
};
