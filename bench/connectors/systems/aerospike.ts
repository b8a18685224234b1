import { loadDriver } from '../../../src/connectors/aerospike/driver.ts';
import { concurrently } from '../../../src/core/concurrently.ts';
import { connectReader } from '../../../test/connectors/aerospike-reader.ts';
import { aerospikeTarget } from '../../../test/e2e/aerospike-target.ts';
import { aerospike as server } from '../../../test/services/aerospike/server.ts';
import { rowsOf, type System, stop } from '../system.ts';

const REQUESTS = 100;

/** Aerospike (the stand-in): `put` with 100 under way. */
export const aerospike = async (): Promise<System> => {
  const running = await server.start();
  return {
    sink: {
      records: 5_000,
      target: () => aerospikeTarget(running.address),
      modes: { '': {} },
      raw: async ({ configs }, batches) => {
        const { Key } = loadDriver();
        const client = await connectReader(running.address);
        const keyOf = (id: string) => new Key(String(configs.keyspace), String(configs.keySet), id);
        return async () => {
          for (const batch of batches)
            await concurrently(rowsOf(batch), REQUESTS, async (row) => {
              await client.put(keyOf(row.id), { v: JSON.stringify(row) });
            });
          client.close();
        };
      },
    },
    ...stop(running),
  };
};
