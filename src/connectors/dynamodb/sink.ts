import { defineSink } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkDynamodb, dynamodbConfig } from './config.ts';

/**
 * Puts the fields of JSON objects as items into a DynamoDB table. Every item has its record's version, and a write has the condition that none newer is there, under
 * each guarantee: a repeated or late write has no effect. It needs keys that come from one topic-partition. A deleted item leaves its key and version.
 */
export const dynamodbSink = defineSink<typeof dynamodbConfig>({
  name: 'dynamodb',
  summary: 'Writes data into DynamoDB',
  className: 'pulsar-io-serverless.DynamodbSink',
  guarantees: GUARANTEES,
  route: 'versioned',
  accepts: 'fields',
  destination: 'table',
  config: dynamodbConfig,
  check: checkDynamodb,
  open: async (config, context) => (await import('./put-items.ts')).openDynamodb(config, context),
});
