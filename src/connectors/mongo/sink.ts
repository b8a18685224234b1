import { defineSink, type OpenContext, type OpenSink } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkMongo, hostsIn, type MongoConfig, mongoConfig } from './config.ts';
import { connectMongo } from './connect.ts';
import { writes } from './document.ts';
import { MongoSession } from './session.ts';

/**
 * Stores JSON objects as documents of a MongoDB collection. Under EFFECTIVELY_ONCE a document has its record's version, a write the condition that no newer one is there, and
 * a deletion leaves its version: a repeated or late write has no effect. It needs ids that come from one topic-partition.
 */
export const mongoSink = defineSink<typeof mongoConfig>({
  name: 'mongo',
  summary: 'A sink connector that sends pulsar messages to mongodb',
  className: 'org.apache.pulsar.io.mongodb.MongoSink',
  configClassName: 'org.apache.pulsar.io.mongodb.MongoSinkConfig',
  guarantees: GUARANTEES,
  route: 'versioned',
  accepts: 'text',
  config: mongoConfig,
  check: checkMongo,
  open: (config, context) => openMongo(config, context),
});

const openMongo = async (config: MongoConfig, { guarantee, signal }: OpenContext): Promise<OpenSink> => {
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
