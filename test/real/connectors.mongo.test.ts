import { afterEach, expect, test } from '@jest/globals';
import { Decimal128, Double, Int32, Long } from 'mongodb';
import { mongoHarness, mongoOutageHarness, mongoTarget } from '../connectors/mongo-target.ts';
import { sinkContract, sinkRecord, versionedSinkContract } from '../contracts/sink.ts';
import { sinkOutageContract, sinkValuesContract } from '../contracts/sink-trouble.ts';
import { code, codes } from '../kit/failures.ts';
import { describeReal, useMongo } from '../services/index.ts';

const running = () => new AbortController().signal;
const put = (n: number, key: string, value: unknown) => sinkRecord(n, { key, value: JSON.stringify(value) });
const EFFECTIVELY = { guarantee: 'EFFECTIVELY_ONCE' } as const;
/** A real server where one is given, else the stand-in. */
const address = () => (process.env.MONGODB_URL ? { url: process.env.MONGODB_URL } : useMongo());

describeReal('the mongo sink', ['mongo'], () => {
  sinkContract('mongo', () => mongoHarness(address()));
  sinkContract('mongo under ATLEAST_ONCE', () => mongoHarness(address(), {}, { batchSize: 7 }));
  versionedSinkContract('mongo', () => mongoHarness(address()));
  sinkOutageContract('mongo', () => mongoOutageHarness(address()));
  sinkValuesContract(
    'mongo',
    async () => {
      const target = await mongoTarget(address());
      return {
        open: () => target.open(),
        record: (n, kind, value) => sinkRecord(n, { key: kind, value: `{"value":${value}}` }),
        read: async () => (await target.collection.findOne({}, { promoteValues: false }))?.value,
        dispose: target.dispose,
      };
    },
    {
      binary: 'JSON has none; extended JSON’s $binary is tried below',
      boolean: { given: 'true', expected: true },
      'integer beyond 2^53': { given: '9007199254740993', expected: Long.fromString('9007199254740993') },
      decimal: { given: '{"$numberDecimal":"0.10"}', expected: Decimal128.fromString('0.10') },
      date: { given: '"2024-02-29"', expected: '2024-02-29' },
      timestamp: { given: '{"$date":"2024-02-29T23:59:59.123Z"}', expected: new Date('2024-02-29T23:59:59.123Z') },
      'null field': { given: 'null', expected: null },
      nested: { given: '{"a":[1,{"b":1.5}]}', expected: { a: [new Int32(1), { b: new Double(1.5) }] } },
    },
  );

  let target: Awaited<ReturnType<typeof mongoTarget>> | undefined;
  const fresh = async () => {
    target = await mongoTarget(address());
    return target;
  };
  afterEach(async () => {
    await target?.dispose();
    target = undefined;
  });

  test('writes versions under EFFECTIVELY_ONCE, leaves those of deleted documents, and takes documents that have none', async () => {
    const { open, collection } = await fresh();
    await collection.insertMany([{ _id: 'a' as never, v: 0 }]);
    const sink = await open({}, EFFECTIVELY);
    expect(codes(await sink.write([put(1, 'a', { v: 1 }), sinkRecord(2, { key: 'b' })], running()))).toEqual([
      'ok',
      'ok',
    ]);
    expect(await collection.find({}, { sort: { _id: 1 } }).toArray()).toEqual([
      { _id: 'a', v: 1, pulsar_io_version: 1_700_000_000_000_001 },
      { _id: 'b', pulsar_io_version: 1_700_000_000_000_002, pulsar_io_deleted: new Date(1_700_000_000_002) },
    ]);
    const reserved = [put(3, 'c', { pulsar_io_version: 1 }), put(4, 'c', { pulsar_io_deleted: 1 })];
    expect(codes(await sink.write(reserved, running()))).toEqual(Array(2).fill('PIO_SINK_REJECTED'));
    await sink.close();
  });

  test('writes to the collection that a record names, where an older version undoes nothing', async () => {
    const { open, database } = await fresh();
    const sink = await open({}, EFFECTIVELY);
    const to = (n: number, key: string, destination: string) => ({ ...put(n, key, { n }), destination });
    const records = [to(1, 'a', 'x'), put(2, 'a', { n: 2 }), to(3, 'a', 'x'), to(4, 'b', 'y')];
    expect(codes(await sink.write(records, running()))).toEqual(Array(4).fill('ok'));
    expect(codes(await sink.write(records.slice(0, 1), running()))).toEqual(['ok']);
    const found = await Promise.all(['x', 'c', 'y'].map((name) => database.collection(name).find().toArray()));
    expect(found.map((documents) => documents.map(({ n }) => n))).toEqual([[3], [2], [4]]);
    const wrong = ['', 'system.users', 'a$b', '.a', 'a..b', 'x'.repeat(181)].map((name) => to(5, 'a', name));
    expect(codes(await sink.write(wrong, running()))).toEqual(Array(6).fill('PIO_SINK_REJECTED'));
    expect(await sink.describe?.(to(6, 'a', 'x'), running())).toMatchObject({ collection: 'x' });
    await sink.close();
  });

  test('lets the newest of many writers of one new document win', async () => {
    const { open, collection } = await fresh();
    const sinks = await Promise.all(Array.from({ length: 4 }, () => open({}, EFFECTIVELY)));
    for (let round = 0; round < 10; round++) {
      const results = await Promise.all(sinks.map((sink, n) => sink.write([put(n, `k${round}`, { n })], running())));
      expect(results.flatMap(codes)).toEqual(Array(4).fill('ok'));
    }
    expect((await collection.find().toArray()).map(({ n }) => n)).toEqual(Array(10).fill(3));
    await Promise.all(sinks.map((sink) => sink.close()));
  });

  test('inserts documents as Pulsar does, with ids that a repeat has again, or their own', async () => {
    const { open, collection } = await fresh();
    for (const guarantee of ['ATLEAST_ONCE', 'EFFECTIVELY_ONCE'] as const) {
      const sink = await open({ keyAsId: false }, { guarantee });
      const records = [
        put(1, 'same', { v: 1 }),
        put(2, 'same', { v: 2 }),
        put(3, 'x', { _id: { $oid: 'a'.repeat(24) } }),
      ];
      for (let repeat = 0; repeat < 2; repeat++)
        expect(codes(await sink.write(records, running()))).toEqual(['ok', 'ok', 'ok']);
      await sink.close();
    }
    const found = await collection.find().toArray();
    expect(found).toHaveLength(3);
    for (const { _id } of found) expect(_id).toHaveProperty('_bsontype', 'ObjectId');
  });

  test('rejects what no document can be, and a duplicate of another unique index, and writes the others', async () => {
    const { open, collection } = await fresh();
    await collection.createIndex({ u: 1 }, { unique: true, sparse: true });
    await collection.insertOne({ _id: 'other' as never, u: 'sekrit' });
    const records = [
      sinkRecord(1, { key: 'a', value: '{"sekrit":' }),
      sinkRecord(2, { key: 'b', value: '["sekrit"]' }),
      put(3, 'c', { $set: { a: 'sekrit' } }),
      sinkRecord(4, { key: 'd', value: '{"n":99999999999999999999}' }),
      put(5, 'e', { u: 'sekrit' }),
      sinkRecord(6, { value: '{"v":"sekrit"}' }),
      sinkRecord(7, {}),
      put(8, 'f', { v: 'x'.repeat(17 << 20) }),
      put(9, 'g', { v: { $binary: { base64: 'AP8K', subType: '00' } } }),
    ];
    for (const guarantee of ['ATLEAST_ONCE', 'EFFECTIVELY_ONCE'] as const) {
      const sink = await open({}, { guarantee });
      const results = await sink.write(records, running());
      expect(codes(results)).toEqual([...Array(7).fill('PIO_SINK_REJECTED'), 'PIO_RECORD_TOO_LARGE', 'ok']);
      for (const result of results) if (!result.ok) expect(result.error.message).not.toContain('sekrit');
      await sink.close();
    }
    expect((await collection.findOne({ _id: 'g' as never }))?.v).toHaveProperty('_bsontype', 'Binary');
  });

  test('says who does not answer, without the credentials of the connection string', async () => {
    const { open } = await fresh();
    const mongoUri = 'mongodb://user:hidden-password@127.0.0.1:1/?directConnection=true';
    const opening = open({ mongoUri, timeoutMs: 500 });
    await expect(opening).rejects.toEqual(code('PIO_SINK_UNAVAILABLE', '127.0.0.1:1'));
    await expect(opening).rejects.not.toEqual(code('PIO_SINK_UNAVAILABLE', 'hidden-password'));
    const wrong = open({ mongoUri: 'mongodb://127.0.0.1:1/?noSuchOption=1' });
    await expect(wrong).rejects.toEqual(code('PIO_SINK_MISCONFIGURED'));
  });
});
