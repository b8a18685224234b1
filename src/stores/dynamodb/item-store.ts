import { randomUUID } from 'node:crypto';
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import type { ItemKey, ItemPage, ItemStore, PutOptions, StoredItem } from '../../core/item-store.ts';
import { StoreConflictError } from '../../core/store-conflict.ts';
import { throwIfAborted } from '../abort.ts';
import { checkKey, encodeData, itemName } from '../item-limits.ts';
import { type Attributes, attributesOf, itemOf, keyAttributes } from './attributes.ts';
import { batchGet, idOf } from './batch-get.ts';
import { dynamodbClient } from './client.ts';
import { dynamodbError, isConditionFailure, isSurelyRefused } from './errors.ts';

/** Options of {@link dynamodbItemStore}. */
export interface DynamodbOptions {
  readonly tableName: string;
  /** Stays open when the store is closed; without one the store makes and closes its own. */
  readonly client?: DynamoDBClient;
}

type FoundItem = ReturnType<typeof itemOf>;
type QueryOptions = { prefix?: string; after?: string; limit?: number };

const condition = (ifVersion: number, orGone: boolean) => ({
  ConditionExpression:
    ifVersion === 0 ? 'attribute_not_exists(pk)' : `${orGone ? 'attribute_not_exists(pk) OR ' : ''}#version = :version`,
  ...(ifVersion !== 0 && {
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: { ':version': { N: String(ifVersion) } },
  }),
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
});

/** Where DynamoDB starts: it refuses a start key outside of the prefix. 'after the end': nothing can follow. */
const startOf = (prefix: string, after: string): { after?: string } | 'after the end' => {
  if (after.startsWith(prefix)) return after === '' ? {} : { after };
  return Buffer.compare(Buffer.from(after), Buffer.from(prefix)) < 0 ? {} : 'after the end';
};

/**
 * An {@link ItemStore} in one DynamoDB table (string keys `pk` and `sk`, time to live on `expiresAt`), or any endpoint that speaks its protocol.
 * Every read is consistent; the only condition is the item's version.
 */
export const dynamodbItemStore = ({ tableName, client }: DynamodbOptions): ItemStore =>
  new DynamodbItemStore(tableName, client ?? dynamodbClient(), client === undefined);

class DynamodbItemStore implements ItemStore {
  readonly #table: string;
  readonly #client: DynamoDBClient;
  readonly #ownsClient: boolean;

  constructor(table: string, client: DynamoDBClient, ownsClient: boolean) {
    this.#table = table;
    this.#client = client;
    this.#ownsClient = ownsClient;
  }

  async get(key: ItemKey, signal?: AbortSignal): Promise<StoredItem | undefined> {
    checkKey(key);
    const found = await this.#call(`reading ${itemName(key)}`, signal, () => this.#find(key, signal));
    return found && plain(found);
  }

  async getMany(keys: readonly ItemKey[], signal?: AbortSignal): Promise<readonly (StoredItem | undefined)[]> {
    const doing = `reading ${keys.length} items`;
    const found = await this.#call(doing, signal, () => batchGet(this.#client, this.#table, keys, signal));
    return keys.map((key) => found.get(idOf(key)));
  }

  async put(key: ItemKey, data: unknown, options: PutOptions, signal?: AbortSignal): Promise<StoredItem> {
    checkKey(key);
    const { ifVersion, expiresAtMs } = options;
    const text = encodeData(key, data);
    const writeId = randomUUID();
    const version = ifVersion + 1;
    const item = attributesOf({ key, version, data: text, writeId, expiresAtMs });
    const command = new PutItemCommand({ TableName: this.#table, Item: item, ...condition(ifVersion, false) });
    await this.#call(`writing ${itemName(key)}`, signal, () =>
      this.#write(
        key,
        ifVersion,
        (found) => found?.writeId === writeId,
        () => this.#client.send(command, sent(signal)),
        signal,
      ),
    );
    return { key, version, data: JSON.parse(text) };
  }

  async delete(key: ItemKey, ifVersion: number, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    const command = new DeleteItemCommand({
      TableName: this.#table,
      Key: keyAttributes(key),
      ...condition(ifVersion, true),
    });
    await this.#call(`deleting ${itemName(key)}`, signal, () =>
      this.#write(
        key,
        ifVersion,
        (found) => found === undefined,
        () => this.#client.send(command, sent(signal)),
        signal,
      ),
    );
  }

  async query(pk: string, options: QueryOptions, signal?: AbortSignal): Promise<ItemPage> {
    const { prefix = '', after = '', limit } = options;
    const start = startOf(prefix, after);
    if (start === 'after the end') return { items: [] };
    const command = new QueryCommand({
      TableName: this.#table,
      ConsistentRead: true,
      // DynamoDB takes no empty string as a prefix.
      KeyConditionExpression: prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': { S: pk }, ...(prefix !== '' && { ':prefix': { S: prefix } }) },
      Limit: limit,
      ...(start.after !== undefined && { ExclusiveStartKey: keyAttributes({ pk, sk: start.after }) }),
    });
    const page = await this.#call(`querying ${pk} ${prefix}`, signal, () => this.#client.send(command, sent(signal)));
    const next = page.LastEvaluatedKey?.sk?.S;
    return { items: (page.Items ?? []).map(itemOf).map(plain), ...(next !== undefined && { next }) };
  }

  async close(): Promise<void> {
    if (this.#ownsClient) this.#client.destroy();
  }

  async #call<T>(doing: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const what = `${doing} in table ${this.#table}`;
    throwIfAborted(signal, what);
    try {
      return await work();
    } catch (error) {
      throw dynamodbError(error, what, signal);
    }
  }

  async #find(key: ItemKey, signal: AbortSignal | undefined): Promise<FoundItem | undefined> {
    const command = new GetItemCommand({ TableName: this.#table, Key: keyAttributes(key), ConsistentRead: true });
    const { Item } = await this.#client.send(command, sent(signal));
    return Item && itemOf(Item);
  }

  /**
   * Sends a write and settles what came of it (GUARANTEES rule 19). The SDK repeats a try whose answer was lost, and the repetition then
   * fails on our own success; and when no answer comes at all, only a read can tell. Resolves when `isDone` holds for what is stored.
   */
  async #write(
    key: ItemKey,
    ifVersion: number,
    isDone: (found: FoundItem | undefined) => boolean,
    send: () => Promise<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    try {
      await send();
    } catch (error) {
      if (isSurelyRefused(error) && !isConditionFailure(error)) throw error;
      const found = await this.#findAfter(error, key, signal);
      if (isDone(found)) return;
      if (isConditionFailure(error) || (found?.version ?? 0) !== ifVersion)
        throw new StoreConflictError(key, ifVersion, found && plain(found));
      throw error;
    }
  }

  /** What is stored after a failed write: from the failure if it says so, else read. Throws the failure itself when the read fails too. */
  async #findAfter(failure: unknown, key: ItemKey, signal: AbortSignal | undefined): Promise<FoundItem | undefined> {
    if (isConditionFailure(failure) && failure.Item) return itemOf(failure.Item as Attributes);
    try {
      return await this.#find(key, signal);
    } catch {
      throw failure;
    }
  }
}

const sent = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});

const plain = ({ key, version, data }: FoundItem): StoredItem => ({ key, version, data });
