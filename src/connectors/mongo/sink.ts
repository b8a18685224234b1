import { defineSink } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkMongo, mongoConfig } from './config.ts';

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
  destination: 'collection',
  config: mongoConfig,
  check: checkMongo,
  open: async (config, context) => (await import('./open.ts')).openMongo(config, context),
});
