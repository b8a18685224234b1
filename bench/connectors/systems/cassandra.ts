import { Client, concurrent } from 'cassandra-driver';
import { cassandraTarget } from '../../../test/e2e/cassandra-target.ts';
import { startCassandra } from '../../../test/services/cassandra.ts';
import { rowsOf, type System, stop } from '../system.ts';

/** Cassandra: `executeConcurrent` with 128 statements under way. */
export const cassandra = async (): Promise<System> => {
  const server = await startCassandra();
  const { contactPoint, port, datacenter } = server.address;
  return {
    sink: {
      records: 20_000,
      target: () => cassandraTarget(server.address),
      modes: { '': {} },
      raw: async ({ configs }, batches) => {
        const client = new Client({ contactPoints: [`${contactPoint}:${port}`], localDataCenter: datacenter });
        await client.connect();
        const insert = `INSERT INTO ${configs.keyspace}.arrived (id, payload) VALUES (?, ?)`;
        return async () => {
          for (const batch of batches) {
            const parameters = rowsOf(batch).map((row) => [row.id, JSON.stringify(row)]);
            await concurrent.executeConcurrent(client, insert, parameters, { concurrencyLevel: 128 });
          }
          await client.shutdown();
        };
      },
    },
    ...stop(server),
  };
};
