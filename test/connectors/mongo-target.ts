import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { mongoSink } from '../../src/connectors/mongo/sink.ts';
import type { OpenContext } from '../../src/core/connector-type.ts';
import { type SinkHarness, sinkRecord } from '../contracts/sink.ts';
import type { SinkOutageHarness } from '../contracts/sink-trouble.ts';
import type { MongoAddress } from '../services/index.ts';
import { startCutProxy, withOutage } from './cut-proxy.ts';
import { configOf, context } from './open.ts';

const EFFECTIVELY: Partial<OpenContext> = { guarantee: 'EFFECTIVELY_ONCE' };

/** A collection of one's own. */
export const mongoTarget = async ({ url }: MongoAddress) => {
  const client = await MongoClient.connect(url);
  const database = client.db(`t-${randomUUID()}`);
  const collection = database.collection('c');
  const settings = { mongoUri: url, database: database.databaseName, collection: 'c', keyAsId: true };
  return {
    database,
    collection,
    settings,
    open: (more: Record<string, unknown> = {}, of: Partial<OpenContext> = {}) =>
      mongoSink.open(configOf(mongoSink, { ...settings, ...more }), context(of)),
    dispose: async () => {
      await database.dropDatabase();
      await client.close();
    },
  };
};

/** The target for the contracts. */
export const mongoHarness = async (
  address: MongoAddress,
  of: Partial<OpenContext> = EFFECTIVELY,
  more: Record<string, unknown> = {},
): Promise<SinkHarness> => {
  const target = await mongoTarget(address);
  const record = (n: number, key: string, value: object) => sinkRecord(n, { key, value: JSON.stringify(value) });
  return {
    open: () => target.open(more, of),
    record: (n, key, v) => record(n, key, { v }),
    poison: (n) => record(n, `poison ${n}`, { _id: ['sekrit'], v: 'sekrit' }), // no id is a list
    tombstone: (n, key) => sinkRecord(n, { key }),
    contents: async () => {
      const found = await target.collection.find({ pulsar_io_deleted: { $exists: false } }).toArray();
      return Object.fromEntries(found.map(({ _id, v }) => [String(_id), v as string]));
    },
    dispose: target.dispose,
  };
};

/** The same behind a proxy that can be cut. */
export const mongoOutageHarness = async (address: MongoAddress): Promise<SinkOutageHarness> => {
  const { hostname, port } = new URL(address.url);
  const proxy = await startCutProxy(hostname, Number(port));
  const mongoUri = `mongodb://127.0.0.1:${proxy.port}/?directConnection=true`;
  const made = await mongoHarness(address, EFFECTIVELY, { mongoUri, timeoutMs: 1_000 });
  return withOutage(made, proxy);
};
