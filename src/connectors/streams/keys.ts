import { Type } from '@sinclair/typebox';
import type { OpenContext, Problem, StreamTrigger } from '../../core/connector-type.ts';
import { checkCredentials } from '../aws/credentials.ts';
import { choice, pulsarKey } from '../config.ts';

const ignored = (type: string, value: string, what: string) =>
  Type.Optional(Type.Unsafe<unknown>({ description: `Accepted and not used: ${what}.`, ...pulsarKey(type, value) }));

/** Keys of Pulsar's Kinesis and DynamoDB sources that say where to begin; then those of its client library, which are not used here; then ours. */
export const streamKeys = {
  initialPositionInStream: choice(['LATEST', 'TRIM_HORIZON', 'AT_TIMESTAMP'], {
    default: 'LATEST',
    description:
      'Where to begin: `LATEST`, what arrives after the connector was created; `TRIM_HORIZON`, the oldest that is kept; `AT_TIMESTAMP`, what arrived at `startAtTime` or later.',
    ...pulsarKey('software.amazon.kinesis.common.InitialPositionInStream', 'LATEST'),
  }),
  startAtTime: Type.Optional(
    Type.Union([Type.String(), Type.Integer({ minimum: 0 })], {
      description: 'With `AT_TIMESTAMP`: a time as ISO 8601, or epoch milliseconds.',
      ...pulsarKey('java.util.Date'),
    }),
  ),
  applicationName: ignored(
    'java.lang.String',
    'Apache Pulsar IO Connector',
    'progress is kept in the deployment’s own table',
  ),
  checkpointInterval: ignored('long', '60000', 'progress is stored with each batch'),
  backoffTime: ignored('long', '3000', 'failures back off as those of every connector'),
  numRetries: ignored('int', '3', 'failures back off as those of every connector'),
  receiveQueueSize: ignored('int', '1000', 'one page is read ahead'),
  dynamoEndpoint: ignored('java.lang.String', '', 'progress is kept in the deployment’s own table'),
  cloudwatchEndpoint: ignored('java.lang.String', '', 'no metrics are sent there'),
};

/** Our own keys of both. */
export const streamTriggerKeys = {
  pollIntervalMs: Type.Integer({
    minimum: 200,
    maximum: 86_400_000,
    default: 1_000,
    description: 'How long shards without new records rest before they are looked at again, in milliseconds.',
  }),
  trigger: choice(['poll', 'event'], {
    default: 'poll',
    description:
      '`poll`: scheduled runs look for records every minute. `event`: Lambda calls the function `stream-source` when there are some, which starts a run at once.',
  }),
  batchingWindowSeconds: Type.Integer({
    minimum: 0,
    maximum: 300,
    default: 1,
    description: 'With `event`: how long Lambda waits before it calls.',
  }),
};

interface StreamConfig {
  readonly initialPositionInStream: string;
  readonly startAtTime?: string | number | undefined;
  readonly trigger: string;
  readonly batchingWindowSeconds: number;
  readonly awsCredentialPluginName: string;
  readonly awsCredentialPluginParam: string;
}

/** Records that arrived before are not read, epoch milliseconds. */
export const sinceMsOf = ({ initialPositionInStream, startAtTime }: StreamConfig, context: OpenContext): number => {
  if (initialPositionInStream === 'TRIM_HORIZON') return 0;
  // Streams tell times of arrival to the second.
  if (initialPositionInStream === 'LATEST') return Math.floor(context.createdAtMs / 1_000) * 1_000;
  return new Date(startAtTime ?? Number.NaN).getTime();
};

/** Cross-field rules of both. */
export const checkStream = (config: StreamConfig): Problem[] => {
  const { initialPositionInStream, startAtTime } = config;
  const isTime = startAtTime !== undefined && Number.isFinite(new Date(startAtTime).getTime());
  const message = 'must be a time (2026-01-01T00:00:00Z, or epoch milliseconds) with AT_TIMESTAMP';
  return [
    ...checkCredentials(config),
    ...(initialPositionInStream === 'AT_TIMESTAMP' && !isTime ? [{ path: '/configs/startAtTime', message }] : []),
  ];
};

/** Lambda's largest for streams: its calls only wake a run, so the fewer the better. */
const BATCH_SIZE = 10_000;

/** How Lambda is to call us for that stream. */
export const streamTriggerOf = (config: StreamConfig, arn: string | undefined): StreamTrigger | undefined =>
  config.trigger === 'event' && arn !== undefined
    ? { kind: 'stream', arn, batchSize: BATCH_SIZE, windowSeconds: config.batchingWindowSeconds }
    : undefined;
