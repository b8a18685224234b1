import { randomUUID } from 'node:crypto';
import { loadDriver } from '../../src/connectors/aerospike/driver.ts';
import { aerospikeSink } from '../../src/connectors/aerospike/sink.ts';
import type { OpenContext, OpenSink } from '../../src/core/connector-type.ts';
import { type SinkHarness, sinkRecord } from '../contracts/sink.ts';
import type { SinkOutageHarness } from '../contracts/sink-trouble.ts';
import { type AerospikeAddress, proxyFor, type ToxiproxyAddress } from '../services/index.ts';
import { connectReader, type StoredRecord } from './aerospike-reader.ts';
import { configOf, context } from './open.ts';

const NOT_FOUND = 2;

const EFFECTIVELY: Partial<OpenContext> = { guarantee: 'EFFECTIVELY_ONCE' };

/** A set of one's own. */
export const aerospikeTarget = async (address: AerospikeAddress) => {
  const { hosts, namespace } = address;
  const reader = await connectReader(address);
  const set = `t-${randomUUID()}`;
  // A deadline of 100 ms is Pulsar's; a machine that is busy with tests needs more.
  const settings = { seedHosts: hosts, keyspace: namespace, keySet: set, columnName: 'v', timeoutMs: 10_000 };
  const { Key } = loadDriver();
  const keyOf = (key: string): object => new Key(namespace, set, key);
  const used = new Set<string>();
  // A client that is left open keeps Jest from ending.
  const opened: OpenSink[] = [];
  return {
    reader,
    keyOf,
    settings,
    open: async (more: Record<string, unknown> = {}, of: Partial<OpenContext> = {}): Promise<OpenSink> => {
      const sink = await aerospikeSink.open(configOf(aerospikeSink, { ...settings, ...more }), context(of));
      opened.push(sink);
      return sink;
    },
    /** A key that is read, and removed in the end. */
    use: (key: string): string => {
      used.add(key);
      return key;
    },
    /** Records by key; undefined: there is none. */
    read: async (key: string): Promise<StoredRecord | undefined> =>
      reader.get(keyOf(key)).catch((error) => {
        if (error.code === NOT_FOUND) return undefined;
        throw error;
      }),
    keys: (): string[] => [...used],
    dispose: async () => {
      for (const sink of opened) await sink.close();
      for (const key of used) await reader.remove(keyOf(key)).catch(() => undefined);
      reader.close();
    },
  };
};

/** The target for the contracts: Pulsar's form, or one bin of a JSON object. */
export const aerospikeHarness = async (
  address: AerospikeAddress,
  of: Partial<OpenContext> = EFFECTIVELY,
  more: Record<string, unknown> = {},
): Promise<SinkHarness> => {
  const target = await aerospikeTarget(address);
  const isMapped = more.mapFields === true;
  const record = (n: number, key: string, v: string) =>
    sinkRecord(n, { key: target.use(key), value: isMapped ? { v } : v, bytes: Buffer.from(v) });
  return {
    cannotStoreNul: true,
    open: () => target.open(more, of),
    record,
    poison: (n) =>
      sinkRecord(n, isMapped ? { key: `p${n}`, value: { 'sekrit, but too long': 1 } } : { key: '', value: 'sekrit' }),
    tombstone: (n, key) => sinkRecord(n, { key: target.use(key) }),
    contents: async () => {
      const found: [string, unknown][] = [];
      for (const key of target.keys()) found.push([key, (await target.read(key))?.bins.v]);
      return Object.fromEntries(found.filter(([, v]) => v !== undefined)) as Record<string, string>;
    },
    dispose: target.dispose,
  };
};

/** The same behind a proxy that can be cut: one of another process, as the package's connecting blocks ours. */
export const aerospikeOutageHarness = async (
  address: AerospikeAddress,
  toxiproxy: ToxiproxyAddress,
): Promise<SinkOutageHarness> => {
  const proxy = await proxyFor(toxiproxy, randomUUID(), address.hosts);
  const made = await aerospikeHarness(address, EFFECTIVELY, { seedHosts: proxy.listen, timeoutMs: 1_000 });
  const outage = async () => {
    await proxy.enable(false);
    return () => proxy.enable(true);
  };
  return { ...made, outage };
};
