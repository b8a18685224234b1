import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { redisSink } from '../../src/connectors/redis/sink.ts';
import type { OpenContext } from '../../src/core/connector-type.ts';
import { type SinkHarness, sinkRecord } from '../contracts/sink.ts';
import type { SinkOutageHarness } from '../contracts/sink-trouble.ts';
import type { RedisAddress } from '../services/index.ts';
import { startCutProxy, withOutage } from './cut-proxy.ts';
import { configOf, context } from './open.ts';

const EFFECTIVELY: Partial<OpenContext> = { guarantee: 'EFFECTIVELY_ONCE' };

let lastDatabase = 0;

/** A database of one's own. */
export const redisTarget = async ({ host, port, certificatePath }: RedisAddress, isCluster = false) => {
  const db = isCluster ? 0 : (lastDatabase++ % 15) + 1;
  const client = new Redis({ host, port, db });
  await client.flushdb();
  const settings = {
    redisHosts: `${host}:${port}`,
    redisDatabase: db,
    clientMode: isCluster ? 'Cluster' : 'Standalone',
  };
  return {
    client,
    settings,
    certificate: readFileSync(certificatePath, 'utf8'),
    open: (more: Record<string, unknown> = {}, of: Partial<OpenContext> = {}) =>
      redisSink.open(configOf(redisSink, { ...settings, ...more }), context(of)),
    contents: async (): Promise<Record<string, string>> => {
      const keys = (await client.keys('*')).filter((key) => !key.startsWith('pulsar-io:version:'));
      const values = await Promise.all(keys.map((key) => client.get(key)));
      return Object.fromEntries(keys.map((key, at) => [key, values[at] as string]));
    },
    dispose: async () => {
      await client.flushdb();
      client.disconnect();
    },
  };
};

type Target = Awaited<ReturnType<typeof redisTarget>>;

const harnessOf = (target: Target, of: Partial<OpenContext>, more: Record<string, unknown> = {}): SinkHarness => ({
  open: () => target.open(more, of),
  record: (n, key, text) => sinkRecord(n, { key, value: Buffer.from(text) }),
  poison: (n) => sinkRecord(n, { value: Buffer.from('sekrit') }), // no key
  tombstone: (n, key) => sinkRecord(n, { key }),
  contents: target.contents,
  dispose: target.dispose,
});

/** The target for the contracts. */
export const redisHarness = async (
  address: RedisAddress,
  of: Partial<OpenContext> = EFFECTIVELY,
  isCluster = false,
): Promise<SinkHarness> => harnessOf(await redisTarget(address, isCluster), of);

/** The same behind a proxy that can be cut. */
export const redisOutageHarness = async (address: RedisAddress): Promise<SinkOutageHarness> => {
  const target = await redisTarget(address);
  const proxy = await startCutProxy(address.host, address.port);
  return withOutage(harnessOf(target, EFFECTIVELY, { redisHosts: `127.0.0.1:${proxy.port}` }), proxy);
};
