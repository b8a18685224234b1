import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ItemKey, StoredItem } from '../../core/item-store.ts';
import { type Attributes, itemOf, keyAttributes } from './attributes.ts';

/** Most keys of one BatchGetItem: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const KEYS_PER_REQUEST = 100;

/** A key as a text that no other key has. */
export const idOf = ({ pk, sk }: ItemKey): string => JSON.stringify([pk, sk]);

/** The items of these keys, by {@link idOf}; what DynamoDB left out for size or load is asked for again. Eventually consistent. */
export const batchGet = async (
  client: DynamoDBClient,
  table: string,
  keys: readonly ItemKey[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, StoredItem>> => {
  const found = new Map<string, StoredItem>();
  const left: Attributes[] = [...new Map(keys.map((key) => [idOf(key), keyAttributes(key)])).values()];
  while (left.length > 0) {
    const RequestItems = { [table]: { Keys: left.splice(0, KEYS_PER_REQUEST) } };
    const page = await client.send(new BatchGetItemCommand({ RequestItems }), signal ? { abortSignal: signal } : {});
    for (const item of page.Responses?.[table] ?? []) {
      const { key, version, data } = itemOf(item);
      found.set(idOf(key), { key, version, data });
    }
    left.push(...(page.UnprocessedKeys?.[table]?.Keys ?? []));
  }
  return found;
};
