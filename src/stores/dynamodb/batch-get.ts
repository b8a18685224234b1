import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Clock, systemClock } from '../../core/clock.ts';
import type { ItemKey, StoredItem } from '../../core/item-store.ts';
import { type Attributes, itemOf, keyAttributes } from './attributes.ts';

/** Most keys of one BatchGetItem: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const KEYS_PER_REQUEST = 100;

/** Waits before what was left out is asked for again, as AWS asks of callers. */
const FIRST_WAIT_MS = 50;
const MOST_WAIT_MS = 1_000;

/** A key as a text that no other key has. */
export const idOf = ({ pk, sk }: ItemKey): string => JSON.stringify([pk, sk]);

/** The items of these keys, by {@link idOf}; what DynamoDB left out for size or load is asked for again. Eventually consistent. */
export const batchGet = async (
  client: DynamoDBClient,
  table: string,
  keys: readonly ItemKey[],
  signal: AbortSignal | undefined,
  sleep: Clock['sleep'] = systemClock.sleep,
): Promise<ReadonlyMap<string, StoredItem>> => {
  const found = new Map<string, StoredItem>();
  const left: Attributes[] = [...new Map(keys.map((key) => [idOf(key), keyAttributes(key)])).values()];
  for (let refusals = 0; left.length > 0; ) {
    const RequestItems = { [table]: { Keys: left.splice(0, KEYS_PER_REQUEST) } };
    const page = await client.send(new BatchGetItemCommand({ RequestItems }), signal ? { abortSignal: signal } : {});
    for (const item of page.Responses?.[table] ?? []) {
      const { key, version, data } = itemOf(item);
      found.set(idOf(key), { key, version, data });
    }
    const unprocessed = page.UnprocessedKeys?.[table]?.Keys ?? [];
    left.push(...unprocessed);
    refusals = unprocessed.length > 0 ? refusals + 1 : 0;
    if (refusals > 0) await sleep(Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** (refusals - 1)), signal);
  }
  return found;
};
