import { type Static, Type } from '@sinclair/typebox';
import { defineLogSource } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { awsKeys } from '../aws/keys.ts';
import { pulsarKey, strictObject } from '../config.ts';
import { checkStream, sinceMsOf, streamKeys, streamTriggerKeys, streamTriggerOf } from '../streams/keys.ts';
import { ShardLog, shardPosition } from '../streams/shard-log.ts';
import { openKinesis } from './api.ts';

const { awsEndpoint, awsRegion, awsCredentialPluginName, awsCredentialPluginParam } = awsKeys;

const kinesisConfig = strictObject({
  awsEndpoint,
  awsRegion,
  awsKinesisStreamName: Type.String({
    pattern: '^[a-zA-Z0-9_.-]{1,128}$',
    description: 'Stream.',
    ...pulsarKey('java.lang.String', '', { required: true }),
  }),
  awsCredentialPluginName,
  awsCredentialPluginParam,
  ...streamKeys,
  useEnhancedFanOut: Type.Optional(
    Type.Boolean({
      description: 'Accepted and not used: shards are always polled.',
      ...pulsarKey('boolean', 'true'),
    }),
  ),
  ...streamTriggerKeys,
  streamArn: Type.Optional(
    Type.String({
      pattern: '^arn:[a-z-]+:kinesis:[a-z0-9-]+:\\d{12}:stream/[a-zA-Z0-9_.-]{1,128}$',
      description: 'Amazon resource name of the stream; needed by `event`.',
    }),
  ),
});

/** Validated configuration of the Kinesis source. */
export type KinesisConfig = Static<typeof kinesisConfig>;

/** Publishes the records of a Kinesis stream: data as bytes, the partition key as key. A source partition is a shard; names and keys are those of Pulsar's connector. */
export const kinesisSource = defineLogSource<typeof kinesisConfig>({
  name: 'kinesis',
  summary: 'Kinesis connectors',
  className: 'org.apache.pulsar.io.kinesis.KinesisSource',
  configClassName: 'org.apache.pulsar.io.kinesis.KinesisSourceConfig',
  guarantees: GUARANTEES,
  config: kinesisConfig,
  position: shardPosition,
  check: (config) => {
    const { trigger, streamArn, awsRegion: region, awsKinesisStreamName: name } = config;
    const [, , , ofRegion, , ofName] = streamArn?.split(':') ?? [];
    const isNamed = ofRegion === region && ofName === `stream/${name}`;
    const message = `must name the stream ${name} of ${region} where trigger is event`;
    return [
      ...checkStream(config),
      ...(trigger === 'event' && !isNamed ? [{ path: '/configs/streamArn', message }] : []),
    ];
  },
  pollIntervalMs: ({ pollIntervalMs }) => pollIntervalMs,
  trigger: (config) => streamTriggerOf(config, config.streamArn),
  open: async (config, context) =>
    new ShardLog({ api: await openKinesis(config), context, sinceMs: sinceMsOf(config, context) }),
});
