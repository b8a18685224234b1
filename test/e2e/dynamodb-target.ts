import { randomUUID } from 'node:crypto';
import { type AttributeValue, CreateTableCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { DynamodbAddress } from '../services/index.ts';
import { countingProxy } from './counting-proxy.ts';
import type { Target } from './target.ts';

/** A DynamoDB table keyed by the record. A repeated write is the same item, so a proxy counts those that took effect: a reader sees an item as often as it was put. */
export const dynamodbTarget = async (address: DynamodbAddress): Promise<Target> => {
  const client = new DynamoDBClient(address);
  const proxy = await countingProxy(address.endpoint);
  const TableName = `e2e-${randomUUID()}`;
  await client.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  const items = async (): Promise<number[]> => {
    const found: number[] = [];
    let from: Record<string, AttributeValue> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new ScanCommand({ TableName, ConsistentRead: true, ...(from && { ExclusiveStartKey: from }) }),
      );
      found.push(...Items.map(({ n }) => Number(n?.N)));
      from = LastEvaluatedKey;
    } while (from);
    return found.sort((a, b) => a - b);
  };
  const distinct = async (): Promise<number> => (await items()).length;
  const read = async (): Promise<number[]> =>
    (await items()).flatMap((n) => new Array<number>(Math.max(1, proxy.effectsOf(n))).fill(n));
  const { region, credentials } = address;
  return {
    name: 'DynamoDB',
    sinkType: 'dynamodb',
    configs: {
      awsEndpoint: proxy.endpoint,
      awsRegion: region,
      awsCredentialPluginParam: JSON.stringify({
        accessKey: credentials.accessKeyId,
        secretKey: credentials.secretAccessKey,
      }),
      tableName: TableName,
    },
    sourceConfigs: { keyField: 'id' },
    repeatsAreRows: false,
    rows: distinct,
    distinct,
    read,
    repeatedWrites: async () => 0,
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      client.destroy();
    },
  };
};
