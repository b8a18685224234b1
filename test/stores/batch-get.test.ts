import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from '@jest/globals';
import { batchGet } from '../../src/stores/dynamodb/batch-get.ts';

test('waits longer and longer for what DynamoDB leaves out under load, and no more once it is answered', async () => {
  const keys = ['a', 'b', 'c', 'd'].map((sk) => ({ pk: 'p', sk }));
  const asked: number[] = [];
  const send = async ({ input }: { input: { RequestItems: Record<string, { Keys: { sk: { S: string } }[] }> } }) => {
    const { Keys } = input.RequestItems.t ?? { Keys: [] };
    asked.push(Keys.length);
    const [first, ...rest] = Keys;
    const item = { ...first, version: { N: '1' }, data: { S: '{}' } };
    return { Responses: { t: [item] }, ...(rest.length > 0 && { UnprocessedKeys: { t: { Keys: rest } } }) };
  };
  const waits: number[] = [];
  const sleep = async (ms: number) => void waits.push(ms);
  const found = await batchGet({ send } as unknown as DynamoDBClient, 't', keys, undefined, sleep);
  expect({ found: found.size, asked, waits }).toEqual({ found: 4, asked: [4, 3, 2, 1], waits: [50, 100, 200] });
});
