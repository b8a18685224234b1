import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Cloud } from '../e2e/cloud/index.ts';
import { inputRecord } from '../e2e/growing-file.ts';
import { sqsClient, sqsConfigs } from '../e2e/sqs-input.ts';
import { compare, EXACT, newTopic, sinkConfig, Table, until, untilArrived, upTo } from '../e2e/trouble-world.ts';
import { StartProcess } from '../emulator/start-process.ts';
import { describeReal, useDynamodb, useElasticmq, useMoto } from '../services/index.ts';

jest.setTimeout(360_000);

/** As long as `queue-source` may take. */
const HIDDEN_S = 29;

/** The dispatcher looks once a minute, and at a stream at rest once an hour: what comes sooner was brought by an event. */
const SECONDS_MS = 40_000;

describeReal('npm start with event-triggered sources, on local servers', ['elasticmq', 'dynamodb', 'moto'], () => {
  let offline: StartProcess;
  let cloud: Cloud;
  const ends: (() => void)[] = [];

  beforeAll(async () => {
    const data = mkdtempSync(join(tmpdir(), 'pio-start-events-'));
    offline = new StartProcess(['--data', data, '--port', '0', '--broker-port', '0', '--no-samples'], {
      AWS_ENDPOINT_URL_SQS: useElasticmq().endpoint,
      AWS_ENDPOINT_URL_DYNAMODB_STREAMS: useDynamodb().endpoint,
    });
    const [, port] = await offline.printed(/Ready: admin API http:\/\/127\.0\.0\.1:(\d+)/);
    cloud = new Cloud(async () => {}, Number(port), '');
  });
  afterAll(async () => {
    for (const end of ends) end();
    await offline.interrupt();
  });

  const mappings = async (): Promise<{ EventSourceArn: string; State: string }[]> => {
    const response = await fetch(`${cloud.url}/2015-03-31/event-source-mappings/`);
    return ((await response.json()) as { EventSourceMappings: [] }).EventSourceMappings;
  };
  const mappingOf = async (arn: string) => (await mappings()).find(({ EventSourceArn }) => EventSourceArn === arn);
  const statusOf = async (name: string) => (await cloud.status('source', name)).instances[0].status;

  test('a queue: created, stopped, started and deleted with its source, every message once and in order', async () => {
    const { region } = useElasticmq();
    const client = sqsClient(useElasticmq());
    ends.push(() => client.destroy());
    const queueName = `events-${randomUUID()}.fifo`;
    const Attributes = { FifoQueue: 'true', VisibilityTimeout: '5' };
    const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: queueName, Attributes }));
    const hide = (seconds: number) =>
      client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: String(seconds) } }));
    const send = async (from: number) => {
      const Entries = upTo(10).map((n) => ({
        ...{ Id: String(n), MessageBody: JSON.stringify(inputRecord(from + n)) },
        ...{ MessageGroupId: 'all', MessageDeduplicationId: String(from + n) },
      }));
      await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    };
    const waiting = async () => {
      const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
      const { Attributes: { ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible } = {} } =
        await client.send(command);
      return Number(ApproximateNumberOfMessages) + Number(ApproximateNumberOfMessagesNotVisible);
    };
    const arn = `arn:aws:sqs:${region}:000000000000:${queueName}`;
    const topic = newTopic();
    using table = new Table();
    await cloud.create('sink', 'queue-out', sinkConfig(table, topic));
    await cloud.create('source', 'queue-in', {
      ...{ archive: 'builtin://sqs', processingGuarantees: 'EFFECTIVELY_ONCE', topicName: topic },
      configs: { ...sqsConfigs(useElasticmq(), queueName), trigger: 'event', queueArn: arn },
    });
    expect((await statusOf('queue-in')).error).toBe(
      `event source mapping: mapping ${arn} to pulsar-io-serverless-dev-queue-source: InvalidParameterValueException: ` +
        `Queue visibility timeout: 5 seconds is less than Function timeout: ${HIDDEN_S} seconds`,
    );
    await hide(HIDDEN_S);
    await cloud.command('source', 'queue-in', 'restart');
    expect(await mappingOf(arn)).toMatchObject({
      State: 'Enabled',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    await send(0);
    await untilArrived(table, 10, SECONDS_MS);

    // What is being received while the source is stopped is refused, and shows up again the sooner.
    await hide(2);
    await cloud.command('source', 'queue-in', 'stop');
    await until('the mapping is disabled', async () => (await mappingOf(arn))?.State === 'Disabled', SECONDS_MS);
    await send(10);
    expect(await waiting()).toBe(10);
    await hide(HIDDEN_S);
    await cloud.command('source', 'queue-in', 'start');
    await untilArrived(table, 20, SECONDS_MS + HIDDEN_S * 1_000);
    expect(compare(table.read(), upTo(20))).toEqual(EXACT);

    await cloud.remove('source', 'queue-in');
    await until('the mapping is gone', async () => (await mappingOf(arn)) === undefined, SECONDS_MS);
    await cloud.remove('sink', 'queue-out');
  });

  test('a table: a change wakes its source, which is at rest for an hour otherwise', async () => {
    const { endpoint, region, credentials } = useDynamodb();
    const client = new DynamoDBClient({ endpoint, region, credentials: { ...credentials } });
    ends.push(() => client.destroy());
    const { TableDescription: { TableName, LatestStreamArn: arn = '' } = {} } = await client.send(
      new CreateTableCommand({
        ...{ TableName: `e-${randomUUID()}`, BillingMode: 'PAY_PER_REQUEST' },
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      }),
    );
    await cloud.create('source', 'table-in', {
      ...{ archive: 'builtin://dynamodb', processingGuarantees: 'EFFECTIVELY_ONCE', topicName: newTopic() },
      configs: {
        ...{ awsEndpoint: endpoint, awsRegion: region, awsDynamodbStreamArn: arn },
        ...{ initialPositionInStream: 'TRIM_HORIZON', trigger: 'event', batchingWindowSeconds: 0 },
        awsCredentialPluginParam: JSON.stringify({ accessKey: 'any', secretKey: 'any' }),
      },
    });
    expect(await mappingOf(arn)).toMatchObject({ State: 'Enabled' });
    const isAtRest = async () => (await statusOf('table-in')).details.phase === 'idle';
    await until('it is at rest', isAtRest);
    await client.send(new PutItemCommand({ TableName, Item: { id: { S: 'i' } } }));
    await until('it was published', async () => (await statusOf('table-in')).numWritten === 1, SECONDS_MS);
    await cloud.remove('source', 'table-in');
  });

  test('an object: a server of S3 calls the function with its notification', async () => {
    const { endpoint, region, credentials } = useMoto();
    const client = new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true });
    ends.push(() => client.destroy());
    const Bucket = `e-${randomUUID()}`;
    await client.send(new CreateBucketCommand({ Bucket }));
    await cloud.create('source', 'bucket-in', {
      ...{ archive: 'builtin://s3', processingGuarantees: 'EFFECTIVELY_ONCE', topicName: newTopic() },
      configs: {
        ...{ awsEndpoint: endpoint, awsRegion: region, bucket: Bucket, format: 'lines', trigger: 'event' },
        awsCredentialPluginParam: JSON.stringify({ accessKey: 'any', secretKey: 'any' }),
      },
    });
    const { ETag = '' } = await client.send(new PutObjectCommand({ Bucket, Key: 'a.txt', Body: 'one\ntwo\n' }));
    // As docs/offline.md says it is done by hand.
    const object = { key: 'a.txt', size: 8, eTag: ETag.replaceAll('"', '') };
    const s3 = { bucket: { arn: `arn:aws:s3:::${Bucket}` }, object };
    const event = { Records: [{ eventSource: 'aws:s3', eventName: 'ObjectCreated:Put', s3 }] };
    const call = `${cloud.url}/2015-03-31/functions/pulsar-io-serverless-dev-object-source/invocations`;
    const response = await fetch(call, { method: 'POST', body: JSON.stringify(event) });
    expect(await response.json()).toEqual({ tasks: 1 });
    await until('its lines were published', async () => (await statusOf('bucket-in')).numWritten === 2, SECONDS_MS);
    await cloud.remove('source', 'bucket-in');
  });

  test('an event of EventBridge: kept for a source that is stopped, and published once, however often it comes', async () => {
    const eventSource = `com.example.${randomUUID()}`;
    await cloud.create('source', 'bus-in', {
      ...{ archive: 'builtin://eventbridge', processingGuarantees: 'EFFECTIVELY_ONCE', topicName: newTopic() },
      configs: { eventSource },
    });
    await cloud.command('source', 'bus-in', 'stop');
    const [call, headers] = [
      `${cloud.url}/2015-03-31/functions/pulsar-io-serverless-dev-queue-source/invocations`,
      { 'x-amz-invocation-type': 'Event' },
    ];
    const event = JSON.parse(readFileSync('events/eventbridge.json', 'utf8'));
    for (const id of ['one', 'two', 'one', 'two', 'one']) {
      const body = JSON.stringify({ ...event, source: eventSource, id });
      expect((await fetch(call, { method: 'POST', headers, body })).status).toBe(202);
    }
    await cloud.command('source', 'bus-in', 'start');
    await until('both were published', async () => (await statusOf('bus-in')).numWritten === 2, SECONDS_MS);
    await cloud.remove('source', 'bus-in');
  });

  test('a stream whose server nobody named: the status says which variable tells it', async () => {
    const streamArn = 'arn:aws:kinesis:us-east-1:123456789012:stream/s';
    await cloud.create('source', 'stream-in', {
      ...{ archive: 'builtin://kinesis', topicName: newTopic() },
      configs: { awsRegion: 'us-east-1', awsKinesisStreamName: 's', trigger: 'event', streamArn },
    });
    const { error } = await statusOf('stream-in');
    expect(error).toMatch(/event source mapping: .*AWS_ENDPOINT_URL_KINESIS=http/);
    await cloud.remove('source', 'stream-in');
  });
});
