import { MongoClient } from 'mongodb';
import { mongoTarget } from '../../../test/e2e/mongo-target.ts';
import { opensearchTarget } from '../../../test/e2e/opensearch-target.ts';
import { startMongo } from '../../../test/services/mongo/server.ts';
import { startOpensearch } from '../../../test/services/opensearch/server.ts';
import { rowsOf, type System, stop } from '../system.ts';

/** MongoDB: unordered bulk writes of replacements by id. */
export const mongo = async (): Promise<System> => {
  const server = await startMongo();
  return {
    sink: {
      // The stand-in looks through all documents for each write with a version.
      records: 2_000,
      target: () => mongoTarget(server.address),
      modes: { '': { batchSize: 1_000 } },
      raw: async ({ configs }, batches) => {
        const client = await MongoClient.connect(server.address.url);
        const collection = client.db(String(configs.database)).collection<{ _id: string }>('c');
        return async () => {
          for (const batch of batches) {
            const operations = rowsOf(batch).map(({ id: _id, ...fields }) => ({
              replaceOne: { filter: { _id }, replacement: { _id, ...fields }, upsert: true },
            }));
            await collection.bulkWrite(operations, { ordered: false });
          }
          await client.close();
        };
      },
    },
    ...stop(server),
  };
};

/** OpenSearch: `_bulk` with 1,000 documents. */
export const elastic = async (): Promise<System> => {
  const server = await startOpensearch();
  return {
    sink: {
      records: 20_000,
      target: () => opensearchTarget(server.address),
      modes: { '': { bulkActions: 1_000 } },
      raw: async ({ configs }, batches) => {
        const { Client } = await import('@opensearch-project/opensearch');
        const client = new Client({ node: server.address.url });
        return async () => {
          for (const batch of batches) {
            const body = rowsOf(batch).flatMap((row) => [
              { index: { _index: String(configs.indexName), _id: row.id } },
              row,
            ]);
            await client.bulk({ body });
          }
          await client.close();
        };
      },
    },
    ...stop(server),
  };
};
