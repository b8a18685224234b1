import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DynamoDBClient, DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { ItemStore } from '../../src/core/item-store.ts';
import { dynamodbClient } from '../../src/stores/dynamodb/client.ts';
import { dynamodbItemStore } from '../../src/stores/dynamodb/item-store.ts';
import { conflictOf } from '../contracts/item-store.ts';

interface Request {
  readonly operation: string;
  readonly body: Record<string, unknown>;
}

type Answer = (request: Request, response: ServerResponse) => void;

const respond =
  (status: number, body: object): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(body));
  };
const fail = (status: number, type: string, more: object = {}): Answer =>
  respond(status, { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'the words of DynamoDB', ...more });
const silence: Answer = () => {};
/** An answer that is lost on its way. */
const lost: Answer = (_, { socket }) => void socket?.destroy();
/** Never idle for long, and never done. */
const dribble: Answer = (_, { socket }) => {
  const timer = setInterval(() => socket?.write('a'), 10);
  socket?.once('close', () => clearInterval(timer));
  socket?.write('HTTP/1.1 200 OK\r\nx-slow: ');
};
const stall: Answer = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': '100' });
  response.write('{');
};

const key = { pk: 'p', sk: 's' };
const stored = (version: number, writeId: string) => ({
  Item: { pk: { S: 'p' }, sk: { S: 's' }, version: { N: `${version}` }, data: { S: '"old"' }, writeId: { S: writeId } },
});
const unavailable = { name: 'PulsarIoError', code: 'PIO_STORE_UNAVAILABLE', disposition: 'retry' };

describe('dynamodb store against a server that misbehaves', () => {
  let server: Server;
  let requests: Request[];
  /** Answers by operation, one after the other; the last one stays. */
  let answers: Record<string, Answer[]>;
  let store: ItemStore;
  let config: DynamoDBClientConfig;
  let client: DynamoDBClient;
  /** A store that waits for an answer for a fifth of a second: for tests in which none comes. */
  let hasty: DynamoDBClient;
  let hastyStore: ItemStore;

  beforeEach(async () => {
    requests = [];
    answers = {};
    server = createServer(async (incoming, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const operation = String(incoming.headers['x-amz-target']).replace('DynamoDB_20120810.', '');
      const request = { operation, body: JSON.parse(Buffer.concat(chunks).toString()) };
      requests.push(request);
      const [answer = respond(200, {}), ...rest] = answers[operation] ?? [];
      if (rest.length > 0) answers[operation] = rest;
      answer(request, response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    config = {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    };
    client = dynamodbClient(config, { requestTimeoutMs: 20_000 });
    store = dynamodbItemStore({ tableName: 'items', client });
    hasty = dynamodbClient(config, { requestTimeoutMs: 200 });
    hastyStore = dynamodbItemStore({ tableName: 'items', client: hasty });
  });
  afterEach(async () => {
    client.destroy();
    hasty.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const operations = () => requests.map(({ operation }) => operation);

  test('reads consistently, always', async () => {
    await store.get(key);
    await store.query('p', { prefix: 'x' });
    for (const { body } of requests) expect(body.ConsistentRead).toBe(true);
  });

  test('conditions nothing but the version', async () => {
    await store.put(key, 1, { ifVersion: 0 });
    await store.put(key, 1, { ifVersion: 4, expiresAtMs: 1_700_000_000_001 });
    await store.delete(key, 4);
    const version = {
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':version': { N: '4' } },
    };
    expect(requests.map(({ body }) => body)).toEqual([
      {
        TableName: 'items',
        Item: {
          pk: { S: 'p' },
          sk: { S: 's' },
          version: { N: '1' },
          data: { S: '1' },
          writeId: { S: expect.any(String) },
        },
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
      {
        TableName: 'items',
        Item: expect.objectContaining({ version: { N: '5' }, expiresAt: { N: '1700000001' } }),
        ConditionExpression: '#version = :version',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        ...version,
      },
      {
        TableName: 'items',
        Key: { pk: { S: 'p' }, sk: { S: 's' } },
        ConditionExpression: 'attribute_not_exists(pk) OR #version = :version',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        ...version,
      },
    ]);
  });

  test('gives up a server that does not answer, after three tries', async () => {
    answers = { GetItem: [silence] };
    await expect(hastyStore.get(key)).rejects.toMatchObject(unavailable);
    expect(operations()).toEqual(['GetItem', 'GetItem', 'GetItem']);
  });

  test('gives up an answer that does not begin in time', async () => {
    answers = { GetItem: [dribble] };
    await expect(hastyStore.get(key)).rejects.toMatchObject(unavailable);
  });

  test('gives up an answer that stops in its middle', async () => {
    answers = { GetItem: [stall] };
    await expect(hastyStore.get(key)).rejects.toMatchObject(unavailable);
  });

  test('goes on when a later try is answered', async () => {
    answers = { GetItem: [lost, fail(500, 'InternalServerError'), respond(200, stored(3, 'w'))] };
    expect(await store.get(key)).toEqual({ key, version: 3, data: 'old' });
  });

  test.each([
    [400, 'ProvisionedThroughputExceededException'],
    [400, 'ThrottlingException'],
    [400, 'RequestLimitExceeded'],
    [500, 'InternalServerError'],
    [503, 'ServiceUnavailable'],
    [400, 'ResourceNotFoundException'],
    [400, 'AccessDeniedException'],
  ])('names the cause when DynamoDB answers %d %s', async (status, type) => {
    answers = { PutItem: [fail(status, type)], GetItem: [fail(status, type)] };
    const once = dynamodbClient({ ...config, maxAttempts: 1 }); // the waits of the SDK after throttling are long
    const put = dynamodbItemStore({ tableName: 'items', client: once }).put(key, 1, { ifVersion: 0 });
    const error: unknown = await put.catch((reason: unknown) => reason);
    expect(error).toMatchObject(unavailable);
    expect((error as Error).message).toContain('writing item p s in table items: ');
    expect((error as Error).message).toContain(type);
    once.destroy();
  });

  test('takes a request that DynamoDB calls wrong as a defect of ours', async () => {
    answers = { GetItem: [fail(400, 'ValidationException')] };
    await expect(store.get(key)).rejects.toMatchObject({ code: 'PIO_INTERNAL' });
  });

  test('asks what is stored when a write was not answered, and finds its own', async () => {
    let writeId = '';
    const remember: Answer = (request, response) => {
      writeId ||= (request.body.Item as { writeId: { S: string } }).writeId.S;
      lost(request, response);
    };
    answers = {
      PutItem: [remember],
      GetItem: [(request, response) => respond(200, stored(1, writeId))(request, response)],
    };
    expect(await store.put(key, 'new', { ifVersion: 0 })).toEqual({ key, version: 1, data: 'new' });
    expect(operations()).toEqual(['PutItem', 'PutItem', 'PutItem', 'GetItem']);
  });

  test('asks what is stored when a write was not answered, and finds another', async () => {
    answers = { PutItem: [lost], GetItem: [respond(200, stored(1, 'another'))] };
    expect((await conflictOf(store.put(key, 'new', { ifVersion: 0 }))).current?.version).toBe(1);
  });

  test('does not claim to know when a write was not answered and nothing changed', async () => {
    answers = { PutItem: [lost], GetItem: [respond(200, stored(1, 'another'))] };
    await expect(store.put(key, 'new', { ifVersion: 1 })).rejects.toMatchObject(unavailable);
  });

  test('does not claim to know when the question is not answered either', async () => {
    answers = { PutItem: [silence], GetItem: [silence] };
    await expect(hastyStore.put(key, 'new', { ifVersion: 1 })).rejects.toMatchObject(unavailable);
  });

  test('asks after a lost answer even when the last try was refused', async () => {
    answers = { PutItem: [lost, fail(400, 'AccessDeniedException')], GetItem: [respond(200, stored(2, 'another'))] };
    await conflictOf(store.put(key, 'new', { ifVersion: 1 }));
  });

  test('asks nothing when the only try was refused', async () => {
    answers = { PutItem: [fail(400, 'AccessDeniedException')] };
    await expect(store.put(key, 'new', { ifVersion: 1 })).rejects.toMatchObject(unavailable);
    expect(operations()).toEqual(['PutItem']);
  });

  test('reads the item of a failed condition from an endpoint that does not tell it', async () => {
    answers = {
      PutItem: [fail(400, 'ConditionalCheckFailedException')],
      GetItem: [respond(200, stored(7, 'another'))],
    };
    expect((await conflictOf(store.put(key, 'new', { ifVersion: 1 }))).current).toEqual({
      key,
      version: 7,
      data: 'old',
    });
    answers = { PutItem: [fail(400, 'ConditionalCheckFailedException')], GetItem: [respond(200, {})] };
    expect((await conflictOf(store.put(key, 'new', { ifVersion: 1 }))).current).toBeUndefined();
  });

  test('takes a delete without an answer as done when nothing is there, else not', async () => {
    answers = { DeleteItem: [lost], GetItem: [respond(200, {})] };
    await store.delete(key, 1);
    answers = { DeleteItem: [lost], GetItem: [respond(200, stored(1, 'w'))] };
    await expect(store.delete(key, 1)).rejects.toMatchObject(unavailable);
    answers = { DeleteItem: [lost], GetItem: [respond(200, stored(2, 'w'))] };
    await conflictOf(store.delete(key, 1));
  });

  test('ends a call in flight when it is aborted, and asks nothing more', async () => {
    const controller = new AbortController();
    const reason = new PulsarIoError('PIO_LEASE_LOST', 'another run goes on');
    answers = { PutItem: [() => controller.abort(reason)] };
    await expect(store.put(key, 1, { ifVersion: 0 }, controller.signal)).rejects.toBe(reason);
    expect(operations()).toEqual(['PutItem']);
  });

  test('says so when nobody listens', async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await expect(store.get(key)).rejects.toMatchObject(unavailable);
  });
});
