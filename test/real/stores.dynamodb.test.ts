import { randomUUID } from 'node:crypto';
import { DescribeTimeToLiveCommand, type DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ItemKey, ItemStore } from '../../src/core/item-store.ts';
import { checkpointStore } from '../../src/stores/checkpoints.ts';
import { dynamodbClient } from '../../src/stores/dynamodb/client.ts';
import { createTable } from '../../src/stores/dynamodb/create-table.ts';
import { dynamodbItemStore } from '../../src/stores/dynamodb/item-store.ts';
import { conflictOf, itemStoreContract } from '../contracts/item-store.ts';
import { storesContract } from '../contracts/stores.ts';
import { type DynamodbAddress, describeReal, startDynamodb, useDynamodb } from '../services/index.ts';

type Handler = DynamoDBClient['config']['requestHandler'];
type Handle = Handler['handle'];

/** What happens to a try: `before` it is sent, and `after` it was answered. */
interface Faults {
  before?(operation: string): Promise<void> | void;
  after?(operation: string): Promise<void> | void;
}

const reset = (): never => {
  throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
};

/** Calls `fault` for the next `times` tries of an operation. */
const next = (operation: string, times: number, fault: () => Promise<void> | void) => async (tried: string) => {
  if (tried === operation && times-- > 0) await fault();
};

/** A real client whose tries pass `faults`. */
const faultyClient = (config: DynamoDBClientConfig, faults: Faults): DynamoDBClient => {
  const client = dynamodbClient(config);
  const handler = client.config.requestHandler;
  const handle: Handle = handler.handle.bind(handler);
  handler.handle = async (request, options) => {
    const operation = String(request.headers['x-amz-target']).replace('DynamoDB_20120810.', '');
    await faults.before?.(operation);
    const answer = await handle(request, options);
    await faults.after?.(operation);
    return answer;
  };
  return client;
};

const configOf = (address: DynamodbAddress): DynamoDBClientConfig => structuredClone(address);
const unavailable = { name: 'PulsarIoError', code: 'PIO_STORE_UNAVAILABLE', disposition: 'retry' };

describeReal('dynamodb', ['dynamodb'], () => {
  const tableName = `stores-${randomUUID()}`;
  let config: DynamoDBClientConfig;
  let client: DynamoDBClient;

  beforeAll(async () => {
    config = configOf(useDynamodb());
    client = dynamodbClient(config);
    await createTable(client, tableName);
  });
  afterAll(() => client.destroy());

  const open = async () => dynamodbItemStore({ tableName, client });
  itemStoreContract('dynamodb', open);
  storesContract('dynamodb', open);

  test('creates the table with a time to live, and leaves it when it exists', async () => {
    await createTable(client, tableName);
    const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: tableName }));
    expect(TimeToLiveDescription).toMatchObject({ AttributeName: 'expiresAt', TimeToLiveStatus: 'ENABLED' });
  });

  test('names a table that does not exist', async () => {
    const store = dynamodbItemStore({ tableName: 'no-such-table', client });
    const error: unknown = await store
      .put({ pk: 'p', sk: 's' }, 1, { ifVersion: 0 })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject(unavailable);
    expect((error as Error).message).toContain('table no-such-table: ResourceNotFoundException');
  });

  describe('with faults between client and server', () => {
    let faults: Faults;
    let faulty: DynamoDBClient;
    let store: ItemStore;
    let other: ItemStore;
    let key: ItemKey;

    beforeEach(async () => {
      faults = {};
      faulty = faultyClient(config, {
        before: (operation) => faults.before?.(operation),
        after: (operation) => faults.after?.(operation),
      });
      store = dynamodbItemStore({ tableName, client: faulty });
      other = await open();
      key = { pk: `test#${randomUUID()}`, sk: 'item' };
    });
    afterEach(() => faulty.destroy());

    test('recognises its own write when the first answer was lost (rule 19)', async () => {
      for (const ifVersion of [0, 1, 2]) {
        faults.after = next('PutItem', 1, reset);
        expect(await store.put(key, ifVersion, { ifVersion })).toEqual({
          key,
          version: ifVersion + 1,
          data: ifVersion,
        });
      }
      expect(await other.get(key)).toEqual({ key, version: 3, data: 2 });
    });

    test('recognises its own write when every answer was lost (rule 19)', async () => {
      faults.after = next('PutItem', 3, reset);
      expect((await store.put(key, 'mine', { ifVersion: 0 })).version).toBe(1);
      expect((await other.get(key))?.data).toBe('mine');
    });

    test('reports a conflict when another wrote over its own write before the second try', async () => {
      faults.after = next('PutItem', 1, async () => {
        await other.put(key, 'theirs', { ifVersion: 1 });
        reset();
      });
      expect((await conflictOf(store.put(key, 'mine', { ifVersion: 0 }))).current).toMatchObject({
        version: 2,
        data: 'theirs',
      });
    });

    test("does not take another's write for its own when its request never arrived (rule 19)", async () => {
      faults.before = next('PutItem', 1, async () => {
        await other.put(key, 'theirs', { ifVersion: 0 });
        reset();
      });
      expect((await conflictOf(store.put(key, 'mine', { ifVersion: 0 }))).current).toMatchObject({
        version: 1,
        data: 'theirs',
      });
    });

    test('says unavailable when no request arrived, and nothing is stored', async () => {
      faults.before = next('PutItem', 3, reset);
      await expect(store.put(key, 'mine', { ifVersion: 0 })).rejects.toMatchObject(unavailable);
      expect(await other.get(key)).toBeUndefined();
      expect((await store.put(key, 'mine', { ifVersion: 0 })).version).toBe(1);
    });

    test('deletes when the answer was lost, once or always', async () => {
      for (const lost of [1, 3]) {
        await store.put(key, 1, { ifVersion: 0 });
        faults.after = next('DeleteItem', lost, reset);
        await store.delete(key, 1);
        expect(await other.get(key)).toBeUndefined();
      }
    });

    test('commits, and is not fenced, when the answer of the commit was lost (rule 19)', async () => {
      const checkpoints = checkpointStore(store);
      const uid = randomUUID();
      const held = await checkpoints.fence(uid, 'p0', { generation: 1, epoch: 1 }, 0);
      faults.after = next('PutItem', 1, reset);
      const next1 = await checkpoints.commit(uid, 'p0', held, 1);
      faults.after = next('PutItem', 3, reset);
      await checkpoints.commit(uid, 'p0', next1, 2);
      expect(await checkpoints.read(uid, 'p0')).toMatchObject({ progress: 2, version: 3 });
    });

    test('ends a call in flight when it is aborted', async () => {
      const controller = new AbortController();
      faults.before = next('PutItem', 1, () => controller.abort());
      const put = store.put(key, 1, { ifVersion: 0 }, controller.signal);
      await expect(put).rejects.toMatchObject({ code: 'PIO_ABORTED' });
    });
  });

  test('survives a kill of the server: unavailable meanwhile, and nothing lost', async () => {
    await using server = await startDynamodb();
    const own = dynamodbClient(configOf(server.address));
    await createTable(own, tableName);
    const store = dynamodbItemStore({ tableName, client: own });
    const key = { pk: 'p', sk: 's' };
    await store.put(key, 1, { ifVersion: 0 });
    await server.kill();
    await expect(store.put(key, 2, { ifVersion: 1 })).rejects.toMatchObject(unavailable);
    await server.restart();
    expect(await store.put(key, 2, { ifVersion: 1 })).toMatchObject({ version: 2 });
    own.destroy();
  }, 120_000);
});
