import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { concurrently } from '../../core/concurrently.ts';
import type { OpenContext, OpenSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import { orAborted, throwIfAborted } from '../abort.ts';
import { clientOptions } from '../aws/client-options.ts';
import { type PlaceOf, Places } from '../places.ts';
import { recordId } from '../record-id.ts';
import { writeConcurrently } from '../write-concurrently.ts';
import { type DynamodbConfig, mayBeTable } from './config.ts';
import { dynamodbError } from './errors.ts';
import { type Item, itemOf, type KeyAttribute } from './items.ts';
import { type KeyedTable, transactionsOf, type Write } from './transactions.ts';

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
  const open = async (table: string, ends: AbortSignal): Promise<Table> => {
    const target = `DynamoDB table ${table} (${awsRegion})`;
    try {
      return { table, target, keys: await readKeys(sdk, client, table, ends) };
    } catch (error) {
      throw dynamodbError(error, `looking at ${target}`);
    }
  };
  try {
    const places = new Places(tableName, await open(tableName, signal), { word: 'table', mayBe: mayBeTable, open });
    return new DynamodbSession(sdk, client, config, places);
  } catch (error) {
    client.destroy();
    throw error;
  }
};

/** A table that is written to. */
interface Table extends KeyedTable {
  /** Names it in error messages. */
  readonly target: string;
}

const readKeys = async (
  sdk: Sdk,
  client: DynamoDBClient,
  tableName: string,
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
  readonly #places: Places<Table>;

  constructor(sdk: Sdk, client: DynamoDBClient, config: DynamodbConfig, places: Places<Table>) {
    this.#sdk = sdk;
    this.#client = client;
    this.#config = config;
    this.#places = places;
  }

  async write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    throwIfAborted(signal, this.#doing);
    const placeOf = await this.#places.lookUp(records, signal);
    return this.#config.writeMode === 'transaction'
      ? this.#writeTransactions(records, placeOf, signal)
      : this.#writeSingly(records, placeOf, signal);
  }

  async describe(record: SinkRecord, signal: AbortSignal): Promise<unknown> {
    const { table, keys } = (await this.#places.lookUp([record], signal))(record);
    return { ...(record.destination !== undefined && { table }), put: itemOf(record, keys, this.#config) };
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  get #doing(): string {
    return `writing to ${this.#places.home.target}`;
  }

  #writeSingly(
    records: readonly SinkRecord[],
    placeOf: PlaceOf<Table>,
    signal: AbortSignal,
  ): Promise<readonly RecordResult[]> {
    const writeOne = (record: SinkRecord) => this.#writeOne(record, placeOf, signal);
    return writeConcurrently(records, this.#config.concurrency, writeOne, this.#doing, signal);
  }

  /** What a transaction does not take, a newer item or one that is refused among it, is written item by item. */
  async #writeTransactions(
    records: readonly SinkRecord[],
    placeOf: PlaceOf<Table>,
    signal: AbortSignal,
  ): Promise<readonly RecordResult[]> {
    const results: RecordResult[] = records.map(() => WRITTEN);
    const writes = records.flatMap((record, index): Write[] => {
      try {
        const place = placeOf(record);
        return [{ record, index, place, item: itemOf(record, place.keys, this.#config) }];
      } catch (error) {
        results[index] = { ok: false, error: this.#refused(record, error) };
        return [];
      }
    });
    const transactions = [...transactionsOf(writes)];
    const limit = Math.ceil(this.#config.concurrency / ITEMS_PER_LANE);
    await concurrently(transactions, limit, async (some) => {
      if (await this.#transact(some, signal)) return;
      const singly = await this.#writeSingly(
        some.map(({ record }) => record),
        placeOf,
        signal,
      );
      for (const [at, { index }] of some.entries()) results[index] = singly[at] as RecordResult;
    });
    throwIfAborted(signal, this.#doing);
    return results;
  }

  /** False: nothing was written, or it is not known what. */
  async #transact(writes: readonly Write[], signal: AbortSignal): Promise<boolean> {
    const TransactItems = writes.map(({ item, place }) => ({ Put: this.#putOf(place, item) }));
    try {
      await this.#client.send(new this.#sdk.TransactWriteItemsCommand({ TransactItems }), { abortSignal: signal });
      return true;
    } catch {
      return false;
    }
  }

  async #writeOne(
    record: SinkRecord,
    placeOf: PlaceOf<Table>,
    signal: AbortSignal,
  ): Promise<PulsarIoError | undefined> {
    let place = this.#places.home;
    try {
      place = placeOf(record);
      await this.#put(place, itemOf(record, place.keys, this.#config), signal);
      return undefined;
    } catch (error) {
      if ((error as Partial<Error>).name === 'ConditionalCheckFailedException') return undefined; // a newer one is there
      return this.#refused(record, error, place);
    }
  }

  #refused(record: SinkRecord, error: unknown, place = this.#places.home): PulsarIoError {
    const doing = `writing ${recordId(record)} to ${place.target}`;
    if (error instanceof PulsarIoError) return new PulsarIoError(error.code, `${doing}: ${error.message}`);
    return this.#places.doubted(dynamodbError(error, doing));
  }

  async #put(place: Table, item: Item, signal: AbortSignal): Promise<void> {
    await this.#client.send(new this.#sdk.PutItemCommand(this.#putOf(place, item)), { abortSignal: signal });
  }

  #putOf({ table }: KeyedTable, item: Item) {
    const { versionAttribute } = this.#config;
    return {
      TableName: table,
      Item: item,
      ConditionExpression: 'attribute_not_exists(#version) OR #version < :version',
      ExpressionAttributeNames: { '#version': versionAttribute },
      ExpressionAttributeValues: { ':version': item[versionAttribute] as NonNullable<Item[string]> },
    };
  }
}
