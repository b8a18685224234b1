import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import type { MongoAddress } from '../services/index.ts';
import type { Target } from './target.ts';

/** A collection keyed by the record: a repeated write is the same document, and leaves no trace that could be counted. */
export const mongoTarget = async ({ url }: MongoAddress): Promise<Target> => {
  const client = await MongoClient.connect(url);
  const database = client.db(`e2e-${randomUUID()}`);
  const collection = database.collection('c');
  const rows = (): Promise<number> => collection.countDocuments();
  return {
    name: 'MongoDB',
    sinkType: 'mongo',
    configs: { mongoUri: url, database: database.databaseName, collection: 'c', keyAsId: true },
    sourceConfigs: { keyField: 'id' },
    repeatsAreRows: false,
    rows,
    distinct: rows,
    read: async () => (await collection.find().toArray()).map(({ n }) => Number(n)).sort((a, b) => a - b),
    repeatedWrites: async () => 0,
    [Symbol.asyncDispose]: async () => {
      await database.dropDatabase();
      await client.close();
    },
  };
};
