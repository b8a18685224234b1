import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateStreamCommand, KinesisClient, PutRecordsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis';
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, SendMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { EventSourceMappings } from '../../src/emulator/offline/mappings/event-source-mappings.ts';
import { serveMappings } from '../../src/emulator/offline/mappings/serve-mappings.ts';
import { sqsClient } from '../e2e/sqs-input.ts';
import { until } from '../e2e/trouble-world.ts';
import { describeReal, useDynamodb, useElasticmq, useMoto } from '../services/index.ts';

jest.setTimeout(240_000);

// biome-ignore lint/suspicious/noExplicitAny: events are looked at as they are
type Event = any;

/** A function that a mapping calls: it keeps its events, and answers as it is told. */
class Called {
  readonly events: Event[] = [];
  answer: (event: Event) => unknown = () => ({ batchItemFailures: [] });
  readonly names = new Set<string>();

  invoke = async (name: string, event: object): Promise<unknown> => {
    this.names.add(name);
    this.events.push(event);
    return this.answer(event);
  };

  get records(): Event[] {
    return this.events.flatMap(({ Records }) => Records);
  }
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

/** Lambda's API for mappings, through the AWS SDK. */
const serve = async (called: Called, env: NodeJS.ProcessEnv, file?: string, seconds?: number) => {
  const timeoutSecondsOf = () => seconds;
  const mappings = new EventSourceMappings({ ...(file && { file }), env, invoke: called.invoke, timeoutSecondsOf });
  mappings.start();
  const server = createServer(serveMappings(mappings));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const lambda = new LambdaClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
  const end = () => {
    mappings.stop();
    server.close();
    lambda.destroy();
  };
  ends.push(end);
  const create = (input: CreateEventSourceMappingCommandInput) =>
    lambda.send(new CreateEventSourceMappingCommand({ FunctionResponseTypes: ['ReportBatchItemFailures'], ...input }));
  return { lambda, create, end };
};

describe('event source mappings offline', () => {
  const arn = 'arn:aws:sqs:us-east-1:123456789012:orders';

  test.each([
    ['without the address of a server', {}, { EventSourceArn: arn }, /AWS_ENDPOINT_URL_SQS=http/],
    [
      'of a server that is away',
      { AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9' },
      { EventSourceArn: arn },
      /127\.0\.0\.1:9/,
    ],
    ['of another service', {}, { EventSourceArn: 'arn:aws:kafka:us-east-1:1:cluster/c' }, /StartingPosition|not emul/],
    ['with a filter', {}, { EventSourceArn: arn, FilterCriteria: { Filters: [] } }, /FilterCriteria is not emulated/],
    ['with too large a batch', {}, { EventSourceArn: arn, BatchSize: 11 }, /more than 10/],
  ])('are refused %s, and then not there', async (_, env, input, message) => {
    const { lambda, create } = await serve(new Called(), env);
    await expect(create({ FunctionName: 'f', ...input })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringMatching(message),
    });
    expect(await lambda.send(new ListEventSourceMappingsCommand({}))).toMatchObject({ EventSourceMappings: [] });
  });

  test('that are not there are not found', async () => {
    const { lambda } = await serve(new Called(), {});
    await expect(lambda.send(new GetEventSourceMappingCommand({ UUID: randomUUID() }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});

describeReal('event source mappings offline, of a queue', ['elasticmq'], () => {
  const setUp = async () => {
    const { endpoint, region } = useElasticmq();
    const client = sqsClient(useElasticmq());
    const name = `m-${randomUUID()}`;
    const { QueueUrl } = await client.send(
      new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout: '3' } }),
    );
    ends.push(() => client.destroy());
    const send = (text: string) =>
      client.send(
        new SendMessageCommand({
          ...{ QueueUrl, MessageBody: text },
          MessageAttributes: { kind: { DataType: 'String', StringValue: 'k' } },
        }),
      );
    const hide = (seconds: number) =>
      client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: String(seconds) } }));
    const env = { AWS_ENDPOINT_URL_SQS: endpoint };
    return { send, hide, arn: `arn:aws:sqs:${region}:000000000000:${name}`, env };
  };

  test('call with the messages, delete what is through, and show again what the answer names or what a failure left', async () => {
    const { send, arn, env } = await setUp();
    const called = new Called();
    let failures = 2;
    called.answer = ({ Records }) => {
      const bad = Records.filter(({ body }: Event) => body === 'bad');
      if (bad.length === 0 || failures-- <= 0) return { batchItemFailures: [] };
      if (failures === 1) throw new Error('no');
      return { batchItemFailures: bad.map(({ messageId }: Event) => ({ itemIdentifier: messageId })) };
    };
    const { create } = await serve(called, env);
    expect(await create({ EventSourceArn: arn, FunctionName: 'f' })).toMatchObject({ State: 'Enabled', BatchSize: 10 });
    await send('good');
    await until('the first is there', () => called.records.length > 0);
    await send('bad');
    await until('the bad one came thrice', () => called.records.filter(({ body }) => body === 'bad').length === 3);
    expect(called.records.filter(({ body }) => body === 'good')).toHaveLength(1);
    expect(called.records.at(-1)).toMatchObject({
      ...{ messageId: expect.any(String), body: 'bad', eventSource: 'aws:sqs', eventSourceARN: arn },
      attributes: { ApproximateReceiveCount: '3', SentTimestamp: expect.any(String) },
      messageAttributes: { kind: { stringValue: 'k', dataType: 'String' } },
    });
    expect([...called.names]).toEqual(['f']);
  });

  test('are refused while the queue hides messages for less time than the function may take, and stay as they were', async () => {
    const { send, hide, arn, env } = await setUp();
    const called = new Called();
    const { lambda, create } = await serve(called, env, undefined, 29);
    await hide(28);
    await expect(create({ EventSourceArn: arn, FunctionName: 'f' })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'Queue visibility timeout: 28 seconds is less than Function timeout: 29 seconds',
    });
    await hide(29);
    const { UUID } = await create({ EventSourceArn: arn, FunctionName: 'f' });
    await hide(28);
    const update = lambda.send(new UpdateEventSourceMappingCommand({ UUID, BatchSize: 5 }));
    await expect(update).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
    expect(await lambda.send(new GetEventSourceMappingCommand({ UUID }))).toMatchObject({
      ...{ State: 'Enabled', BatchSize: 10 },
    });
    await send('still comes');
    await until('it came', () => called.records.length === 1);
  });

  test('do nothing while they are disabled, are one for a queue and a function, and end when they are deleted', async () => {
    const { send, arn, env } = await setUp();
    const called = new Called();
    const { lambda, create } = await serve(called, env);
    const { UUID } = await create({ EventSourceArn: arn, FunctionName: 'f', Enabled: false });
    await expect(create({ EventSourceArn: arn, FunctionName: 'f' })).rejects.toMatchObject({
      name: 'ResourceConflictException',
    });
    await send('waits');
    const enabled = await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true, BatchSize: 5 }));
    expect(enabled).toMatchObject({ State: 'Enabled', BatchSize: 5 });
    await until('it came', () => called.records.length > 0);
    const { EventSourceMappings: listed } = await lambda.send(
      new ListEventSourceMappingsCommand({ EventSourceArn: arn, FunctionName: 'f' }),
    );
    expect(listed).toMatchObject([{ UUID, EventSourceArn: arn }]);
    await until('its result is told', async () => {
      const { LastProcessingResult } = await lambda.send(new GetEventSourceMappingCommand({ UUID }));
      return LastProcessingResult === 'OK';
    });
    await lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
    await expect(lambda.send(new DeleteEventSourceMappingCommand({ UUID }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});

describeReal('event source mappings offline, of a Kinesis stream', ['moto'], () => {
  const setUp = async () => {
    const { endpoint, region, credentials } = useMoto();
    const client = new KinesisClient({ endpoint, region, credentials, requestHandler: new NodeHttpHandler() });
    ends.push(() => client.destroy());
    const StreamName = `m-${randomUUID()}`;
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    const put = async (...texts: string[]) => {
      const Records = texts.map((text) => ({ Data: Buffer.from(text), PartitionKey: text }));
      await client.send(new PutRecordsCommand({ StreamName, Records }));
    };
    const arn = `arn:aws:kinesis:${region}:123456789012:stream/${StreamName}`;
    return { client, StreamName, put, arn, env: { AWS_ENDPOINT_URL_KINESIS: endpoint } };
  };
  const textOf = ({ kinesis: { data } }: Event): string => Buffer.from(data, 'base64').toString();
  const textsOf = ({ Records }: Event): string[] => Records.map(textOf);

  test('go on behind the first failure that an answer names, and behind what was through when they begin again', async () => {
    const { put, arn, env } = await setUp();
    const file = join(mkdtempSync(join(tmpdir(), 'pio-mappings-')), 'mappings.json');
    const called = new Called();
    let isFirst = true;
    called.answer = ({ Records }) => {
      const third = isFirst && Records.find((record: Event) => textOf(record) === 'c');
      isFirst = false;
      return { batchItemFailures: third ? [{ itemIdentifier: third.kinesis.sequenceNumber }] : [] };
    };
    await put('a', 'b', 'c', 'd');
    const { create, end } = await serve(called, env, file);
    await create({ EventSourceArn: arn, FunctionName: 'f', StartingPosition: 'TRIM_HORIZON' });
    await until('all are through', () => called.events.length === 2);
    expect(called.events.map(textsOf)).toEqual([
      ['a', 'b', 'c', 'd'],
      ['c', 'd'],
    ]);
    expect(called.records[0]).toMatchObject({
      ...{ eventSource: 'aws:kinesis', eventName: 'aws:kinesis:record', eventSourceARN: arn, awsRegion: 'us-east-1' },
      eventID: expect.stringMatching(/^shardId-\d+:\d+$/),
      kinesis: { partitionKey: 'a', kinesisSchemaVersion: '1.0', approximateArrivalTimestamp: expect.any(Number) },
    });
    end();
    await put('e');
    await serve(called, env, file);
    await until('it went on', () => called.events.length === 3);
    expect(textsOf(called.events[2])).toEqual(['e']);
  });

  test('halve what fails, and pass by what failed too often, where they are told to', async () => {
    const { put, arn, env } = await setUp();
    const called = new Called();
    called.answer = (event) => {
      if (textsOf(event).includes('poison')) throw new Error('no');
    };
    const { create } = await serve(called, env);
    await put('a', 'b', 'poison', 'd');
    const settings = { BisectBatchOnFunctionError: true, MaximumRetryAttempts: 0, StartingPosition: 'TRIM_HORIZON' };
    await create({ EventSourceArn: arn, FunctionName: 'f', ...(settings as object) });
    await until('the last is through', () => called.events.some((event) => textsOf(event).join() === 'd'));
    const through = called.events.map(textsOf).filter((texts) => !texts.includes('poison'));
    expect(through).toEqual([['a', 'b'], ['d']]);
    expect(called.events.map(textsOf)).toContainEqual(['poison']);
  });

  test('read what a shard was split into behind its end', async () => {
    const { client, StreamName, put, arn, env } = await setUp();
    const called = new Called();
    const { create } = await serve(called, env);
    await put('old');
    const NewStartingHashKey = (2n ** 127n).toString();
    await client.send(new SplitShardCommand({ StreamName, ShardToSplit: 'shardId-000000000000', NewStartingHashKey }));
    await put('new', 'newer', 'newest');
    await create({ EventSourceArn: arn, FunctionName: 'f', StartingPosition: 'TRIM_HORIZON' });
    await until('all are there', () => called.records.length === 4);
    expect(textOf(called.records[0])).toBe('old');
  });
});

describeReal('event source mappings offline, of a table', ['dynamodb'], () => {
  test('call with its changes', async () => {
    const { endpoint, region, credentials } = useDynamodb();
    const client = new DynamoDBClient({ endpoint, region, credentials });
    ends.push(() => client.destroy());
    const { TableDescription: { TableName, LatestStreamArn: arn = '' } = {} } = await client.send(
      new CreateTableCommand({
        ...{ TableName: `m-${randomUUID()}`, BillingMode: 'PAY_PER_REQUEST' },
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      }),
    );
    const called = new Called();
    const { create } = await serve(called, { AWS_ENDPOINT_URL_DYNAMODB_STREAMS: endpoint });
    await create({ EventSourceArn: arn, FunctionName: 'f', StartingPosition: 'LATEST' });
    await client.send(new PutItemCommand({ TableName, Item: { id: { S: 'i' }, b: { B: Buffer.from('x') } } }));
    await until('it came', () => called.records.length === 1);
    expect(called.records[0]).toMatchObject({
      ...{ eventName: 'INSERT', eventSource: 'aws:dynamodb', eventSourceARN: arn, eventID: expect.any(String) },
      dynamodb: {
        Keys: { id: { S: 'i' } },
        NewImage: { b: { B: 'eA==' } },
        SequenceNumber: expect.any(String),
        ApproximateCreationDateTime: expect.any(Number),
      },
    });
  });
});
