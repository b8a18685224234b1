import { randomUUID } from 'node:crypto';
import { type AttributeValue, CreateTableCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { DynamodbAddress } from '../services/index.ts';
import type { Target } from './target.ts';

/** A DynamoDB table keyed by the record: a repeated write is the same item, and leaves no trace that could be counted. */
export const dynamodbTarget = async (address: DynamodbAddress): Promise<Target> => {
  const client = new DynamoDBClient(address);
  const TableName = `e2e-${randomUUID()}`;
  await client.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  const read = async (): Promise<number[]> => {
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
  const rows = async (): Promise<number> => (await read()).length;
  const { endpoint, region, credentials } = address;
  return {
    name: 'DynamoDB',
    sinkType: 'dynamodb',
    configs: {
      awsEndpoint: endpoint,
      awsRegion: region,
      awsCredentialPluginParam: JSON.stringify({
        accessKey: credentials.accessKeyId,
        secretKey: credentials.secretAccessKey,
      }),
      tableName: TableName,
    },
    sourceConfigs: { keyField: 'id' },
    repeatsAreRows: false,
    rows,
    distinct: rows,
    read,
    repeatedWrites: async () => 0,
    [Symbol.asyncDispose]: async () => client.destroy(),
  };
};
