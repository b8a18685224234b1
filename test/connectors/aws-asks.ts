import { dynamodbSink } from '../../src/connectors/dynamodb/sink.ts';
import { dynamodbSource } from '../../src/connectors/dynamodb/source.ts';
import { kinesisSink } from '../../src/connectors/kinesis/sink.ts';
import { kinesisSource } from '../../src/connectors/kinesis/source.ts';
import { s3Sink } from '../../src/connectors/s3/sink.ts';
import { sqsSink } from '../../src/connectors/sqs/sink.ts';
import { sqsSource } from '../../src/connectors/sqs/source.ts';
import { configOf, context } from './open.ts';

/** Must turn up nowhere. */
export const SECRET = 'aws-sekrit';
const awsCredentialPluginParam = JSON.stringify({
  accessKey: 'a',
  secretKey: SECRET,
  sessionToken: 'aws-sekrit-token',
});

/** Opens and asks the service once. */
export type Ask = (awsEndpoint: string) => Promise<unknown>;
const running = () => new AbortController().signal;
const base = { awsRegion: 'eu-west-1', awsCredentialPluginParam };
const stream = 'arn:aws:dynamodb:eu-west-1:000000000000:table/TestTable/stream/2024-01-01T00:00:00.000';

/** What each connector of AWS asks first, by kind and name. */
export const ASKS: Readonly<Record<string, Ask>> = {
  'sink dynamodb': (awsEndpoint) =>
    dynamodbSink.open(configOf(dynamodbSink, { ...base, awsEndpoint, tableName: 'TestTable' }), context()),
  'sink kinesis': (awsEndpoint) =>
    kinesisSink.open(configOf(kinesisSink, { ...base, awsEndpoint, awsKinesisStreamName: 's' }), context()),
  'sink s3': (endpoint) => {
    const credentials = { accessKeyId: 'a', secretAccessKey: SECRET };
    const configs = { provider: 's3v2', bucket: 'some-bucket', region: 'eu-west-1', endpoint, ...credentials };
    return s3Sink.open(configOf(s3Sink, configs), context());
  },
  'sink sqs': (awsEndpoint) => sqsSink.open(configOf(sqsSink, { ...base, awsEndpoint, queueName: 'q' }), context()),
  'source sqs': (awsEndpoint) =>
    sqsSource.open(configOf(sqsSource, { ...base, awsEndpoint, queueName: 'q' }), context()),
  'source kinesis': async (awsEndpoint) => {
    const configs = { ...base, awsEndpoint, awsKinesisStreamName: 's' };
    return (await kinesisSource.open(configOf(kinesisSource, configs), context())).partitions(running());
  },
  'source dynamodb': async (awsEndpoint) => {
    const configs = { ...base, awsEndpoint, awsDynamodbStreamArn: stream };
    return (await dynamodbSource.open(configOf(dynamodbSource, configs), context())).partitions(running());
  },
};
