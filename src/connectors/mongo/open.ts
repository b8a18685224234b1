import type { OpenContext, OpenSink } from '../../core/connector-type.ts';
import { Places } from '../places.ts';
import type { Place } from './batch.ts';
import { hostsIn, type MongoConfig } from './config.ts';
import { connectMongo } from './connect.ts';
import { writes } from './document.ts';
import { MongoSession } from './session.ts';

/** Connects to the servers; throws `PIO_SINK_MISCONFIGURED` and `PIO_SINK_UNAVAILABLE`. */
export const openMongo = async (config: MongoConfig, { guarantee, signal }: OpenContext): Promise<OpenSink> => {
  const isVersioned = guarantee === 'EFFECTIVELY_ONCE';
  const { driver, client } = await connectMongo(config, isVersioned, signal);
  const { database, collection: configured, batchSize, versionField } = config;
  const placeOf = (collection: string): Place => ({
    collection: client.db(database).collection(collection),
    name: `MongoDB collection ${database}.${collection} at ${hostsIn(config.mongoUri)}`,
  });
  const home = placeOf(configured);
  return new MongoSession({
    client,
    places: new Places(configured, home, {
      word: 'collection',
      mayBe: mayBeCollection,
      open: async (name) => placeOf(name),
    }),
    toWrite: writes(driver, config, isVersioned),
    versionField: isVersioned ? versionField : undefined,
    idText: (id) => driver.BSON.EJSON.stringify({ id }, { relaxed: false }),
    batchSize,
  });
};

/** Longest name of a collection that every server takes beside that of its database, in bytes (MongoDB manual, "Naming Restrictions"). */
const MAX_COLLECTION_BYTES = 180;

/** False for what cannot be a collection, or is one of the server's own. */
const mayBeCollection = (name: string): boolean =>
  /^(?!system\.|\.)[^$\0]+(?<!\.)$/.test(name) &&
  !name.includes('..') &&
  Buffer.byteLength(name) <= MAX_COLLECTION_BYTES;
