import { randomUUID } from 'node:crypto';
import { BatchWriteItemCommand, CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { concurrently } from '../../../src/core/concurrently.ts';
import { dynamodbTarget } from '../../../test/e2e/dynamodb-target.ts';
import { type DynamodbAddress, startDynamodb } from '../../../test/services/dynamodb.ts';
import { type Filled, pagesOf, type Row, rowsOf, type System, stop, type Writer } from '../system.ts';

/** Most items of a `BatchWriteItem`, and how many of those are under way. */
const ITEMS = 25;
const REQUESTS = 8;

const clientOf = (address: DynamodbAddress): DynamoDBClient => new DynamoDBClient(structuredClone(address));

const put = async (client: DynamoDBClient, table: string, rows: readonly Row[]): Promise<void> => {
  const items = rows.map(({ id, n, text }) => ({ id: { S: id }, n: { N: `${n}` }, text: { S: text } }));
  const requests = { [table]: items.map((Item) => ({ PutRequest: { Item } })) };
  await client.send(new BatchWriteItemCommand({ RequestItems: requests }));
};

const write =
  (address: DynamodbAddress): Writer =>
  async ({ configs }, batches) => {
    const client = clientOf(address);
    return async () => {
      for (const batch of batches) {
        const rows = rowsOf(batch);
        const starts = Array.from({ length: Math.ceil(rows.length / ITEMS) }, (_, i) => i * ITEMS);
        await concurrently(starts, REQUESTS, (from) =>
          put(client, String(configs.tableName), rows.slice(from, from + ITEMS)),
        );
      }
      client.destroy();
    };
  };

const fill = async (address: DynamodbAddress, records: number): Promise<Filled> => {
  const client = clientOf(address);
  const TableName = `bench-${randomUUID()}`;
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
  await concurrently(pagesOf(records, ITEMS), REQUESTS, (rows) => put(client, TableName, rows));
  const { endpoint: awsEndpoint, region: awsRegion, credentials } = address;
  const { accessKeyId: accessKey, secretAccessKey: secretKey } = credentials;
  const awsCredentialPluginParam = JSON.stringify({ accessKey, secretKey });
  return {
    configs: {
      ...{ awsEndpoint, awsRegion, awsCredentialPluginParam, awsDynamodbStreamArn: TableDescription?.LatestStreamArn },
      initialPositionInStream: 'TRIM_HORIZON',
    },
    raw: () => rawStream(address, TableDescription?.LatestStreamArn ?? '', records),
    dispose: async () => client.destroy(),
  };
};

const rawStream = async (address: DynamodbAddress, StreamArn: string, records: number) => {
  const streams = new DynamoDBStreamsClient(structuredClone(address));
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  return async (): Promise<number> => {
    let count = 0;
    for (const { ShardId } of StreamDescription?.Shards ?? []) {
      const from = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' as const };
      let { ShardIterator } = await streams.send(new GetShardIteratorCommand(from));
      while (ShardIterator && count < records) {
        const page = await streams.send(new GetRecordsCommand({ ShardIterator }));
        count += page.Records?.length ?? 0;
        ShardIterator = page.NextShardIterator;
      }
    }
    streams.destroy();
    return count;
  };
};

/** DynamoDB: `BatchWriteItem` of 25 items with 8 requests under way, and `GetRecords` of 1,000. */
export const dynamodb = async (): Promise<System> => {
  const server = await startDynamodb({ isInMemory: true });
  const awsEndpoint = server.address.endpoint;
  return {
    sink: {
      records: 1_000,
      target: () => dynamodbTarget(server.address),
      // Not through the proxy that counts.
      modes: { '': { awsEndpoint }, ', in transactions': { awsEndpoint, writeMode: 'transaction' } },
      raw: write(server.address),
    },
    source: { sourceType: 'dynamodb', records: 3_000, fill: (records) => fill(server.address, records) },
    ...stop(server),
  };
};
