import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateStreamCommand, KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { DynamodbAddress, MotoAddress } from '../services/index.ts';
import { inputRecord } from './growing-file.ts';
import type { Input } from './input.ts';
import { positionsOf } from './positions.ts';

/** Between two records, so that runs are killed in their midst. */
const PAUSE_MS = 8;

const configsOf = ({ endpoint, region, credentials }: MotoAddress | DynamodbAddress) => ({
  ...{ awsEndpoint: endpoint, awsRegion: region, initialPositionInStream: 'TRIM_HORIZON', pollIntervalMs: 200 },
  awsCredentialPluginParam: JSON.stringify({
    accessKey: credentials.accessKeyId,
    secretKey: credentials.secretAccessKey,
  }),
});

/** Feeds one record after the other, and knows from the position's count that all were read: there is one shard. */
const oneByOne = (put: (n: number) => Promise<unknown>): Pick<Input, 'feed' | 'isRead'> => {
  let written = 0;
  return {
    feed: async (records, isEnough = async () => false) => {
      for (; written < records && !(await isEnough()); written++) {
        await put(written);
        await sleep(PAUSE_MS);
      }
      return written;
    },
    isRead: async (storePath) => positionsOf(storePath).some(({ sequence }) => sequence === written - 1),
  };
};

/** A Kinesis stream of one shard. */
export const kinesisInput = async (address: MotoAddress): Promise<Input> => {
  const { endpoint, region, credentials } = address;
  const requestHandler = new NodeHttpHandler();
  const client = new KinesisClient({ endpoint, region, credentials: { ...credentials }, requestHandler });
  const StreamName = `e2e-${randomUUID()}`;
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  const put = (n: number) => {
    const Data = Buffer.from(JSON.stringify(inputRecord(n)));
    return client.send(new PutRecordCommand({ StreamName, Data, PartitionKey: 'all' }));
  };
  return {
    sourceType: 'kinesis',
    configs: { ...configsOf(address), awsKinesisStreamName: StreamName },
    ...oneByOne(put),
    dispose: async () => client.destroy(),
  };
};

/** Columns for the changes of {@link tableStreamInput}. */
export const CHANGE_COLUMNS = `dynamodb TEXT,
  n INTEGER GENERATED ALWAYS AS (CAST(json_extract(dynamodb, '$.NewImage.n.N') AS INTEGER))`;

/** The stream of a DynamoDB table that gets one item after the other; a target tells its changes by the item's number. */
export const tableStreamInput = async (address: DynamodbAddress): Promise<Input> => {
  const { endpoint, region, credentials } = address;
  const client = new DynamoDBClient({ endpoint, region, credentials: { ...credentials } });
  const { TableDescription: { TableName, LatestStreamArn } = {} } = await client.send(
    new CreateTableCommand({
      ...{ TableName: `e2e-${randomUUID()}`, BillingMode: 'PAY_PER_REQUEST' },
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    }),
  );
  const put = (n: number) => {
    const { id, text } = inputRecord(n);
    return client.send(
      new PutItemCommand({ TableName, Item: { id: { S: id }, n: { N: String(n) }, text: { S: text } } }),
    );
  };
  return {
    sourceType: 'dynamodb',
    configs: { ...configsOf(address), awsDynamodbStreamArn: LatestStreamArn },
    ...oneByOne(put),
    dispose: async () => client.destroy(),
  };
};
