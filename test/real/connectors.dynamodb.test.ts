import { randomUUID } from 'node:crypto';
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  type KeySchemaElement,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dynamodbSink } from '../../src/connectors/dynamodb/sink.ts';
import { startCutProxy, withOutage } from '../connectors/cut-proxy.ts';
import { configOf, context, problemsOf } from '../connectors/open.ts';
import { type RoutedSinkHarness, routedSinkContract } from '../contracts/routed-sink.ts';
import { type SinkHarness, sinkContract, sinkRecord, versionedSinkContract } from '../contracts/sink.ts';
import { type SinkOutageHarness, sinkOutageContract, sinkValuesContract } from '../contracts/sink-trouble.ts';
import { code, codes } from '../kit/failures.ts';
import { describeReal, useDynamodb } from '../services/index.ts';

const running = () => new AbortController().signal;

describeReal('the dynamodb sink on DynamoDB Local', ['dynamodb'], () => {
  let admin: DynamoDBClient;
  beforeAll(() => {
    admin = new DynamoDBClient(useDynamodb());
  });
  afterAll(() => admin.destroy());

  const newTable = async (keys: Record<string, 'S' | 'N' | 'B'> = { k: 'S' }): Promise<string> => {
    const TableName = `t-${randomUUID()}`;
    const names = Object.keys(keys);
    const KeySchema: KeySchemaElement[] = names.map((AttributeName, n) => ({
      AttributeName,
      KeyType: n === 0 ? 'HASH' : 'RANGE',
    }));
    const AttributeDefinitions = names.map((AttributeName) => ({ AttributeName, AttributeType: keys[AttributeName] }));
    await admin.send(
      new CreateTableCommand({ TableName, KeySchema, AttributeDefinitions, BillingMode: 'PAY_PER_REQUEST' }),
    );
    return TableName;
  };
  const itemsOf = async (TableName: string): Promise<Record<string, AttributeValue>[]> => {
    const items: Record<string, AttributeValue>[] = [];
    let from: Record<string, AttributeValue> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await admin.send(
        new ScanCommand({ TableName, ConsistentRead: true, ...(from && { ExclusiveStartKey: from }) }),
      );
      items.push(...Items);
      from = LastEvaluatedKey;
    } while (from);
    return items;
  };
  const settings = (tableName: string, more: Record<string, unknown> = {}) => {
    const { endpoint, region, credentials } = useDynamodb();
    const awsCredentialPluginParam = JSON.stringify({
      accessKey: credentials.accessKeyId,
      secretKey: credentials.secretAccessKey,
    });
    return { awsEndpoint: endpoint, awsRegion: region, awsCredentialPluginParam, tableName, ...more };
  };
  const open = (tableName: string, more: Record<string, unknown> = {}) =>
    dynamodbSink.open(configOf(dynamodbSink, settings(tableName, more)), context());
  const remove = async (TableName: string) => void (await admin.send(new DeleteTableCommand({ TableName })));

  const harness = async (more: Record<string, unknown> = {}): Promise<SinkHarness> => {
    const table = await newTable();
    return {
      largestText: 300_000,
      open: () => open(table, more),
      record: (n, k, v) => sinkRecord(n, { key: k, value: { k, v } }),
      poison: (n) => sinkRecord(n, { value: { v: 'sekrit' } }), // no key
      tombstone: (n, key) => sinkRecord(n, { key }),
      contents: () => contentsOf(table),
      dispose: () => remove(table),
    };
  };
  const contentsOf = async (table: string, key = 'k'): Promise<Record<string, string>> => {
    const items = (await itemsOf(table)).filter(({ pulsar_io_deleted: deleted }) => deleted === undefined);
    return Object.fromEntries(items.map((it) => [it[key]?.S, it.v?.S])) as Record<string, string>;
  };
  /** The same with another table of another key, which the messages have too. */
  const routedHarness = async (more: Record<string, unknown> = {}): Promise<RoutedSinkHarness> => {
    const [home, other] = [await newTable(), await newTable({ id: 'S' })];
    const made = await harness(more);
    return {
      ...made,
      open: () => open(home, more),
      record: (n, k, v) => sinkRecord(n, { value: { k, id: k, v } }),
      contents: () => contentsOf(home),
      ...{ home, other },
      otherContents: () => contentsOf(other, 'id'),
      removeOther: () => remove(other),
      refused: ['sekrit', 'x', '', 'sekrit/sekrit', 'arn:aws:dynamodb:eu-west-1:000000000000:table/sekrit'],
      dispose: async () => {
        await made.dispose();
        for (const it of [home, other]) await remove(it).catch(() => undefined); // the test may have removed it
      },
    };
  };
  const outageHarness = async (): Promise<SinkOutageHarness> => {
    const { hostname, port } = new URL(useDynamodb().endpoint);
    const proxy = await startCutProxy(hostname, Number(port));
    const made = await harness({ awsEndpoint: `http://127.0.0.1:${proxy.port}` });
    return withOutage(made, proxy);
  };
  const inTransactions = (): Promise<SinkHarness> => harness({ writeMode: 'transaction' });
  sinkContract('dynamodb', harness);
  versionedSinkContract('dynamodb', harness);
  sinkContract('dynamodb in transactions', inTransactions);
  versionedSinkContract('dynamodb in transactions', inTransactions);
  routedSinkContract('dynamodb', routedHarness);
  routedSinkContract('dynamodb in transactions', () => routedHarness({ writeMode: 'transaction' }));
  sinkOutageContract('dynamodb', outageHarness);
  sinkValuesContract(
    'dynamodb',
    async () => {
      const table = await newTable();
      return {
        open: () => open(table),
        record: (n, kind, value) => sinkRecord(n, { key: kind, value: { value } }),
        read: async () => (await itemsOf(table))[0]?.value,
        dispose: () => remove(table),
      };
    },
    {
      binary: { given: Uint8Array.of(0, 255, 10), expected: { B: Uint8Array.of(0, 255, 10) } },
      boolean: { given: true, expected: { BOOL: true } },
      'integer beyond 2^53': { given: 9007199254740993n, expected: { N: '9007199254740993' } },
      decimal: { given: '12345678901234567890.0123456789', expected: { S: '12345678901234567890.0123456789' } },
      date: { given: '2024-02-29', expected: { S: '2024-02-29' } },
      timestamp: { given: '2024-02-29T23:59:59.123456Z', expected: { S: '2024-02-29T23:59:59.123456Z' } },
      'null field': { given: null, expected: { NULL: true } },
      nested: {
        given: { a: [1, { b: 'ž' }], n: 9007199254740993n },
        expected: {
          M: { a: { L: [{ N: '1' }, { M: { b: { S: 'ž' } } }] }, n: { N: '9007199254740993' } },
        },
      },
    },
  );

  test('takes keys of two attributes and of numbers, from the fields or the key, and leaves what a deleted item was', async () => {
    const table = await newTable({ a: 'N', b: 'S' });
    const sink = await open(table);
    const results = await sink.write(
      [
        sinkRecord(1, { value: { a: 1, b: 'x', v: 'one' } }),
        sinkRecord(2, { key: '{"a":2,"b":"y"}', value: { v: 'two' } }),
        sinkRecord(3, { key: '{"a":2,"b":"y"}' }),
        sinkRecord(4, { key: 'no json' }),
        sinkRecord(5, { value: { a: 'sekrit', b: 'x' } }),
        sinkRecord(6, { value: { a: 6, b: 'x', pulsar_io_version: 1 } }),
        sinkRecord(7, { value: { a: 7, b: 'x', v: 'sekrit'.repeat(100_000) } }),
      ],
      running(),
    );
    const reject = 'PIO_SINK_REJECTED';
    expect(codes(results)).toEqual(['ok', 'ok', 'ok', reject, reject, reject, reject]);
    for (const result of results) if (!result.ok) expect(result.error.message).not.toContain('sekrit');
    expect(await itemsOf(table)).toEqual(
      expect.arrayContaining([
        { a: { N: '1' }, b: { S: 'x' }, v: { S: 'one' }, pulsar_io_version: { N: '1700000000000001' } },
        {
          ...{ a: { N: '2' }, b: { S: 'y' } },
          pulsar_io_version: { N: '1700000000000003' },
          pulsar_io_deleted: { N: '1700604801' },
        },
      ]),
    );
    await sink.close();
    await remove(table);
  });

  test('writes a batch in transactions that have no key twice (rule 32), and singly what one of them does not take', async () => {
    const table = await newTable();
    const sink = await open(table, { writeMode: 'transaction' });
    const of = (n: number, k: string) => sinkRecord(n, { value: { k, v: `${n}` } });
    await sink.write([of(900, 'k3')], running());
    const batch = Array.from({ length: 350 }, (_, n) => of(n, `k${n % 120}`));
    expect(codes(await sink.write(batch, running()))).toEqual(batch.map(() => 'ok'));
    const found = await itemsOf(table);
    expect(found).toHaveLength(120);
    const newest = Array.from({ length: 120 }, (_, k) => [`k${k}`, `${k < 110 ? k + 240 : k + 120}`]);
    const expected = Object.fromEntries([...newest, ['k3', '900']]);
    expect(Object.fromEntries(found.map(({ k, v }) => [k?.S, v?.S]))).toEqual(expected);
    await sink.close();
    await remove(table);
  });

  test('says PIO_SINK_MISCONFIGURED for a missing table, at open and later, and PIO_SINK_UNAVAILABLE when nobody answers', async () => {
    await expect(open('nosuch')).rejects.toEqual(code('PIO_SINK_MISCONFIGURED', 'table nosuch'));
    await expect(open('any', { awsEndpoint: 'http://127.0.0.1:1' })).rejects.toEqual(code('PIO_SINK_UNAVAILABLE'));
    const table = await newTable();
    const sink = await open(table);
    await remove(table);
    expect(codes(await sink.write([sinkRecord(1, { value: { k: 'a' } })], running()))).toEqual([
      'PIO_SINK_MISCONFIGURED',
    ]);
    await sink.close();
  });

  test('refuses a config that cannot work, and says where', () => {
    expect(problemsOf(dynamodbSink, {})).toEqual(['/configs/awsRegion', '/configs/tableName']);
    const base = { awsRegion: 'eu-west-1', tableName: 'abc' };
    expect(problemsOf(dynamodbSink, base)).toEqual([]);
    expect(problemsOf(dynamodbSink, { ...base, awsCredentialPluginParam: 'x' })).toEqual([
      '/configs/awsCredentialPluginParam',
    ]);
    expect(problemsOf(dynamodbSink, { ...base, deletedAttribute: 'pulsar_io_version' })).toEqual([
      '/configs/deletedAttribute',
    ]);
  });
});
