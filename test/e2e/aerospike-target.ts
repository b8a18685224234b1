import { randomUUID } from 'node:crypto';
import { connectReader, type StoredRecord, scanSet } from '../connectors/aerospike-reader.ts';
import type { AerospikeAddress } from '../services/index.ts';
import type { Target } from './target.ts';

/** A set whose records have the generation of each, so that a repeated write can be counted: one that the filter keeps out raises none. */
export const aerospikeTarget = async (address: AerospikeAddress): Promise<Target> => {
  const { hosts, namespace } = address;
  const set = `e2e-${randomUUID()}`;
  const reader = await connectReader(address);
  const records = (): Promise<readonly StoredRecord[]> => scanSet(reader, namespace, set);
  const rows = async (): Promise<number> => (await records()).length;
  return {
    name: 'Aerospike',
    sinkType: 'aerospike',
    configs: { seedHosts: hosts, keyspace: namespace, keySet: set, columnName: 'v', timeoutMs: 10_000 },
    sourceConfigs: { keyField: 'id' },
    repeatsAreRows: false,
    rows,
    distinct: rows,
    read: async () =>
      (await records()).map(({ bins }) => (JSON.parse(String(bins.v)) as { n: number }).n).sort((a, b) => a - b),
    repeatedWrites: async () => (await records()).reduce((sum, { gen }) => sum + gen - 1, 0),
    [Symbol.asyncDispose]: async () => reader.close(),
  };
};
