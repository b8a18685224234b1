import type { OpenContext, OpenSink } from '../../core/connector-type.ts';
import { hostsIn, type MongoConfig } from './config.ts';
import { connectMongo } from './connect.ts';
import { writes } from './document.ts';
import { MongoSession } from './session.ts';

/** Connects to the servers; throws `PIO_SINK_MISCONFIGURED` and `PIO_SINK_UNAVAILABLE`. */
export const openMongo = async (config: MongoConfig, { guarantee, signal }: OpenContext): Promise<OpenSink> => {
  const isVersioned = guarantee === 'EFFECTIVELY_ONCE';
  const { driver, client } = await connectMongo(config, isVersioned, signal);
  const { database, collection, batchSize, versionField } = config;
  return new MongoSession({
    client,
    place: {
      collection: client.db(database).collection(collection),
      name: `MongoDB collection ${database}.${collection} at ${hostsIn(config.mongoUri)}`,
    },
    toWrite: writes(driver, config, isVersioned),
    versionField: isVersioned ? versionField : undefined,
    idText: (id) => driver.BSON.EJSON.stringify({ id }, { relaxed: false }),
    batchSize,
  });
};
