import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { dynamodbSource } from '../../src/connectors/dynamodb/source.ts';
import { kinesisSource } from '../../src/connectors/kinesis/source.ts';
import type { LogSourceType, OpenLogSource } from '../../src/core/connector-type.ts';
import type { Position } from '../../src/core/position.ts';
import { configOf, context } from '../connectors/open.ts';
import { readAll, sourceContract, textOf } from '../contracts/source.ts';
import { describeReal, useDynamodb, useMoto } from '../services/index.ts';

const kinesis = kinesisSource as LogSourceType;
const dynamodb = dynamodbSource as LogSourceType;
const running = () => new AbortController().signal;

interface Address {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const aws = ({ endpoint, region, credentials }: Address) => ({
  awsEndpoint: endpoint,
  awsRegion: region,
  awsCredentialPluginParam: JSON.stringify({
    accessKey: credentials.accessKeyId,
    secretKey: credentials.secretAccessKey,
  }),
  initialPositionInStream: 'TRIM_HORIZON',
});

describeReal('Kinesis on a server that speaks its protocol', ['moto'], () => {
  let client: KinesisClient;
  beforeAll(() => {
    const { endpoint, region, credentials } = useMoto();
    client = new KinesisClient({ endpoint, region, credentials, requestHandler: new NodeHttpHandler() });
  });
  afterAll(() => client.destroy());

  const newStream = async (shards = 1): Promise<string> => {
    const StreamName = `s-${randomUUID()}`;
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: shards }));
    return StreamName;
  };
  const put = async (StreamName: string, texts: readonly string[], PartitionKey = 'k') => {
    for (const text of texts)
      await client.send(new PutRecordCommand({ StreamName, Data: Buffer.from(text), PartitionKey }));
  };
  const positions = new Map<string, Position>();
  const open = (StreamName: string, more: Record<string, unknown> = {}): Promise<OpenLogSource> =>
    kinesis.open(
      configOf(kinesis, { ...aws(useMoto()), awsKinesisStreamName: StreamName, ...more }),
      context({ positionOf: async (partition) => positions.get(`${StreamName}/${partition}`) }),
    );

  sourceContract('kinesis', async () => {
    const stream = await newStream();
    const texts = Array.from({ length: 12 }, (_, i) => `r${i}`);
    await put(stream, texts);
    const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: stream }));
    return {
      type: kinesis,
      open: () => open(stream),
      partition: Shards[0]?.ShardId ?? '',
      texts,
      grow: async () => {
        await put(stream, ['more', 'and more']);
        return ['more', 'and more'];
      },
      dispose: async () => {},
    };
  });

  test('reads a shard that was split or merged to its end before those that it became, also by another instance', async () => {
    const stream = await newStream();
    await put(stream, ['a', 'b']);
    const { Shards: [parent] = [] } = await client.send(new ListShardsCommand({ StreamName: stream }));
    const id = parent?.ShardId ?? '';
    const half = (2n ** 127n).toString();
    await client.send(new SplitShardCommand({ StreamName: stream, ShardToSplit: id, NewStartingHashKey: half }));
    const source = await open(stream);
    expect(await source.partitions(running())).toEqual([id]);
    const records = await readAll(source, id);
    expect(records.map(textOf)).toEqual(['a', 'b']);
    positions.set(`${stream}/${id}`, records[0]?.position as Position);
    expect(await source.partitions(running())).toEqual([id]);
    positions.set(`${stream}/${id}`, records[1]?.position as Position);
    const children = await source.partitions(running());
    expect(children).toHaveLength(2);
    expect(children).not.toContain(id);
    const [left = '', right = ''] = children;
    await client.send(new MergeShardsCommand({ StreamName: stream, ShardToMerge: left, AdjacentShardToMerge: right }));
    // The two are empty and closed now; what they were merged into is ready.
    const merged = await source.partitions(running());
    expect(merged).toHaveLength(1);
    expect(children).not.toContain(merged[0]);
    await source.close();
  });

  test('pins the first record before anything is published', async () => {
    const stream = await newStream();
    const source = await open(stream);
    const [id = ''] = await source.partitions(running());
    expect(await source.begin?.(id, running())).toBeUndefined();
    await put(stream, ['first']);
    const pin = await source.begin?.(id, running());
    const [first] = await readAll(source, id, pin);
    expect(first).toMatchObject({ key: 'k', sequence: 0, properties: { 'kinesis.shard-id': id } });
    expect(pin).toEqual({ at: first?.properties?.['kinesis.sequence-number'], sequence: -1 });
    expect(first?.mayFollowGap).toBeUndefined();
    await source.close();
  });

  test('tells of records that the producer library aggregated', async () => {
    const stream = await newStream();
    const Data = Buffer.from([0xf3, 0x89, 0x9a, 0xc2, 1, 2, 3]);
    await client.send(new PutRecordCommand({ StreamName: stream, Data, PartitionKey: 'k' }));
    const source = await open(stream);
    const [shard = ''] = await source.partitions(running());
    const [record] = await readAll(source, shard);
    expect(record?.error?.message).toContain('Kinesis Producer Library aggregated');
    await source.close();
  });

  test('says what is wrong with a stream that is not there, or a server that does not answer', async () => {
    const nowhere = await open('no-such-stream');
    await expect(nowhere.partitions(running())).rejects.toMatchObject({ code: 'PIO_SOURCE_MISCONFIGURED' });
    const away = await open('s', { awsEndpoint: 'http://127.0.0.1:9' });
    await expect(away.partitions(running())).rejects.toMatchObject({ code: 'PIO_SOURCE_UNAVAILABLE' });
    await Promise.all([nowhere.close(), away.close()]);
  });
});

describeReal('DynamoDB streams on a real server', ['dynamodb'], () => {
  let client: DynamoDBClient;
  beforeAll(() => {
    const { endpoint, region, credentials } = useDynamodb();
    client = new DynamoDBClient({ endpoint, region, credentials });
  });
  afterAll(() => client.destroy());

  const newTable = async () => {
    const TableName = `t-${randomUUID()}`;
    const { TableDescription } = await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      }),
    );
    return { TableName, arn: TableDescription?.LatestStreamArn ?? '' };
  };
  const put = async (TableName: string, ids: readonly string[]) => {
    for (const id of ids)
      await client.send(new PutItemCommand({ TableName, Item: { id: { S: id }, b: { B: Buffer.from('x') } } }));
  };
  const open = (arn: string): Promise<OpenLogSource> =>
    dynamodb.open(configOf(dynamodb, { ...aws(useDynamodb()), awsDynamodbStreamArn: arn }), context());

  test('publishes the changes of a table as JSON, in order, and goes on from any of them', async () => {
    const { TableName, arn } = await newTable();
    const ids = Array.from({ length: 8 }, (_, i) => `i${i}`);
    await put(TableName, ids);
    const source = await open(arn);
    const [shard = ''] = await source.partitions(running());
    const records = await readAll(source, shard);
    expect(records.map(({ key }) => JSON.parse(key ?? '').id.S)).toEqual(ids);
    expect(records.map(({ sequence }) => sequence)).toEqual(ids.map((_, i) => i));
    expect(JSON.parse(textOf(records[0] as never))).toMatchObject({
      eventName: 'INSERT',
      dynamodb: { Keys: { id: { S: 'i0' } }, NewImage: { b: { B: 'eA==' } } },
    });
    for (const at of [0, 3, 7]) {
      const rest = await readAll(source, shard, records[at]?.position);
      expect(rest.map(({ sequence, mayFollowGap }) => [sequence, mayFollowGap])).toEqual(
        ids.slice(at + 1).map((_, i) => [at + 1 + i, undefined]),
      );
    }
    await source.close();
  });
});
