import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { concurrently } from '../../core/concurrently.ts';
import type { OpenContext, OpenSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import { orAborted, throwIfAborted } from '../abort.ts';
import { clientOptions } from '../aws/client-options.ts';
import { recordId } from '../record-id.ts';
import { writeConcurrently } from '../write-concurrently.ts';
import type { DynamodbConfig } from './config.ts';
import { dynamodbError } from './errors.ts';
import { type Item, itemOf, type KeyAttribute } from './items.ts';
import { transactionsOf, type Write } from './transactions.ts';

/** Items under way for which a transaction is. */
const ITEMS_PER_LANE = 16;

type Sdk = typeof import('@aws-sdk/client-dynamodb');

/** Reads the definition of the table; throws `PIO_SINK_MISCONFIGURED` and `PIO_SINK_UNAVAILABLE`. */
export const openDynamodb = async (config: DynamodbConfig, { signal }: OpenContext): Promise<OpenSink> => {
  const sdk = await import('@aws-sdk/client-dynamodb');
  const { awsRegion, concurrency, tableName } = config;
  const { requestHandler, ...options } = clientOptions(config);
  const agent = { maxSockets: concurrency };
  const client = new sdk.DynamoDBClient({
    ...options,
    requestHandler: { ...requestHandler, httpAgent: agent, httpsAgent: agent },
  });
  const name = `DynamoDB table ${tableName} (${awsRegion})`;
  try {
    return new DynamodbSession(sdk, client, config, await readKeys(sdk, client, config, signal), name);
  } catch (error) {
    client.destroy();
    throw dynamodbError(error, `looking at ${name}`);
  }
};

const readKeys = async (
  sdk: Sdk,
  client: DynamoDBClient,
  { tableName }: DynamodbConfig,
  signal: AbortSignal,
): Promise<KeyAttribute[]> => {
  const asked = client.send(new sdk.DescribeTableCommand({ TableName: tableName }), { abortSignal: signal });
  const { Table } = await orAborted(asked, signal, `looking at the DynamoDB table ${tableName}`);
  const typeOf = new Map(Table?.AttributeDefinitions?.map((it) => [it.AttributeName, it.AttributeType]));
  return (Table?.KeySchema ?? []).map(({ AttributeName = '' }) => ({
    name: AttributeName,
    type: typeOf.get(AttributeName) as KeyAttribute['type'],
  }));
};

/** An open dynamodb sink. */
class DynamodbSession implements OpenSink {
  readonly #sdk: Sdk;
  readonly #client: DynamoDBClient;
  readonly #config: DynamodbConfig;
  readonly #keys: readonly KeyAttribute[];
  readonly #name: string;

  constructor(sdk: Sdk, client: DynamoDBClient, config: DynamodbConfig, keys: readonly KeyAttribute[], name: string) {
    this.#sdk = sdk;
    this.#client = client;
    this.#config = config;
    this.#keys = keys;
    this.#name = name;
  }

  write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    return this.#config.writeMode === 'transaction'
      ? this.#writeTransactions(records, signal)
      : this.#writeSingly(records, signal);
  }

  describe(record: SinkRecord): unknown {
    return { put: itemOf(record, this.#keys, this.#config) };
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  #writeSingly(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    const { concurrency } = this.#config;
    const doing = `writing to ${this.#name}`;
    return writeConcurrently(records, concurrency, (record) => this.#writeOne(record, signal), doing, signal);
  }

  /** What a transaction does not take, a newer item or one that is refused among it, is written item by item. */
  async #writeTransactions(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    throwIfAborted(signal, `writing to ${this.#name}`);
    const results: RecordResult[] = records.map(() => WRITTEN);
    const writes = records.flatMap((record, index): Write[] => {
      try {
        return [{ record, index, item: itemOf(record, this.#keys, this.#config) }];
      } catch (error) {
        results[index] = { ok: false, error: this.#refused(record, error) };
        return [];
      }
    });
    const transactions = [...transactionsOf(writes, this.#keys)];
    const limit = Math.ceil(this.#config.concurrency / ITEMS_PER_LANE);
    await concurrently(transactions, limit, async (some) => {
      if (await this.#transact(some, signal)) return;
      const singly = await this.#writeSingly(
        some.map(({ record }) => record),
        signal,
      );
      for (const [at, { index }] of some.entries()) results[index] = singly[at] as RecordResult;
    });
    throwIfAborted(signal, `writing to ${this.#name}`);
    return results;
  }

  /** False: nothing was written, or it is not known what. */
  async #transact(writes: readonly Write[], signal: AbortSignal): Promise<boolean> {
    const TransactItems = writes.map(({ item }) => ({ Put: this.#putOf(item) }));
    try {
      await this.#client.send(new this.#sdk.TransactWriteItemsCommand({ TransactItems }), { abortSignal: signal });
      return true;
    } catch {
      return false;
    }
  }

  async #writeOne(record: SinkRecord, signal: AbortSignal): Promise<PulsarIoError | undefined> {
    try {
      await this.#put(itemOf(record, this.#keys, this.#config), signal);
      return undefined;
    } catch (error) {
      if ((error as Partial<Error>).name === 'ConditionalCheckFailedException') return undefined; // a newer one is there
      return this.#refused(record, error);
    }
  }

  #refused(record: SinkRecord, error: unknown): PulsarIoError {
    const doing = `writing ${recordId(record)} to ${this.#name}`;
    if (error instanceof PulsarIoError) return new PulsarIoError(error.code, `${doing}: ${error.message}`);
    return dynamodbError(error, doing);
  }

  async #put(item: Item, signal: AbortSignal): Promise<void> {
    await this.#client.send(new this.#sdk.PutItemCommand(this.#putOf(item)), { abortSignal: signal });
  }

  #putOf(item: Item) {
    const { tableName, versionAttribute } = this.#config;
    return {
      TableName: tableName,
      Item: item,
      ConditionExpression: 'attribute_not_exists(#version) OR #version < :version',
      ExpressionAttributeNames: { '#version': versionAttribute },
      ExpressionAttributeValues: { ':version': item[versionAttribute] as NonNullable<Item[string]> },
    };
  }
}
