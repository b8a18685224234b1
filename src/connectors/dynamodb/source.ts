import { type Static, Type } from '@sinclair/typebox';
import { defineLogSource } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { awsKeys } from '../aws/keys.ts';
import { pulsarKey, strictObject } from '../config.ts';
import { checkStream, sinceMsOf, streamKeys, streamTriggerKeys, streamTriggerOf } from '../streams/keys.ts';
import { ShardLog, shardPosition } from '../streams/shard-log.ts';
import { openStream } from './api.ts';

const { awsEndpoint, awsRegion, awsCredentialPluginName, awsCredentialPluginParam } = awsKeys;

const dynamodbConfig = strictObject({
  awsEndpoint,
  awsRegion,
  awsDynamodbStreamArn: Type.String({
    pattern: '^arn:[a-z-]+:dynamodb:[a-z0-9-]+:\\d{12}:table/[a-zA-Z0-9_.-]{3,255}/stream/[0-9T:.-]+$',
    description: 'Amazon resource name of the table’s stream.',
    ...pulsarKey('java.lang.String', '', { required: true }),
  }),
  awsCredentialPluginName,
  awsCredentialPluginParam,
  ...streamKeys,
  ...streamTriggerKeys,
});

/** Validated configuration of the DynamoDB source. */
export type DynamodbConfig = Static<typeof dynamodbConfig>;

/**
 * Publishes the changes of a DynamoDB table from its stream, as JSON in the form of Lambda's events; the key is the item's, as JSON. A source partition is a shard of the
 * stream; names and keys are those of Pulsar's connector.
 */
export const dynamodbSource = defineLogSource<typeof dynamodbConfig>({
  name: 'dynamodb',
  summary: 'DynamoDB connectors',
  className: 'org.apache.pulsar.io.dynamodb.DynamoDBSource',
  configClassName: 'org.apache.pulsar.io.dynamodb.DynamoDBSourceConfig',
  guarantees: GUARANTEES,
  config: dynamodbConfig,
  position: shardPosition,
  check: checkStream,
  pollIntervalMs: ({ pollIntervalMs }) => pollIntervalMs,
  trigger: (config) => streamTriggerOf(config, config.awsDynamodbStreamArn),
  open: async (config, context) =>
    new ShardLog({ api: await openStream(config), context, sinceMs: sinceMsOf(config, context) }),
});
