import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll } from '@jest/globals';
import { dynamodbClient } from '../../src/stores/dynamodb/client.ts';
import { createTable } from '../../src/stores/dynamodb/create-table.ts';
import { dynamodbItemStore } from '../../src/stores/dynamodb/item-store.ts';
import { controlPlaneStoreContract } from '../contracts/control-plane-store.ts';
import { describeReal, useDynamodb } from '../services/index.ts';

describeReal('commands that meet or are killed', ['dynamodb'], () => {
  const tableName = `commands-${randomUUID()}`;
  let client: DynamoDBClient;

  beforeAll(async () => {
    client = dynamodbClient(structuredClone(useDynamodb()));
    await createTable(client, tableName);
  });
  afterAll(() => client.destroy());

  controlPlaneStoreContract('DynamoDB', async () => dynamodbItemStore({ tableName, client }));
});
