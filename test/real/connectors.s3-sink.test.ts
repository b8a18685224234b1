import { randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parquetReadObjects } from 'hyparquet';
import { s3Sink } from '../../src/connectors/s3/sink.ts';
import type { TransactionalSink } from '../../src/core/connector-type.ts';
import { FRONTIER_START } from '../../src/core/frontier.ts';
import { startCutProxy } from '../connectors/cut-proxy.ts';
import { configOf, context } from '../connectors/open.ts';
import { deliveryContract } from '../contracts/delivery.ts';
import { type SinkHarness, sinkContract, sinkRecord, transactionalSinkContract } from '../contracts/sink.ts';
import { type SinkOutageHarness, sinkOutageContract, sinkValuesContract } from '../contracts/sink-trouble.ts';
import { s3Target } from '../e2e/s3-target.ts';
import { code } from '../kit/failures.ts';
import { describeReal, useMoto, usePulsar } from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

const running = () => new AbortController().signal;
const METADATA = '__message_metadata__';

describeReal('the s3 sink on a server that speaks its protocol', ['moto'], () => {
  let client: S3Client;
  beforeAll(() => {
    const { endpoint, region, credentials } = useMoto();
    client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  });
  afterAll(() => client.destroy());

  const newBucket = async (): Promise<string> => {
    const Bucket = `b-${randomUUID()}`;
    await client.send(new CreateBucketCommand({ Bucket }));
    return Bucket;
  };
  const settings = (bucket: string, more: Record<string, unknown> = {}) => {
    const { endpoint, region, credentials } = useMoto();
    const { accessKeyId, secretAccessKey } = credentials;
    return { provider: 'aws-s3', bucket, region, endpoint, accessKeyId, secretAccessKey, pathPrefix: 'data/', ...more };
  };
  const open = async (bucket: string, more?: Record<string, unknown>): Promise<TransactionalSink> =>
    (await s3Sink.open(configOf(s3Sink, settings(bucket, more)), context())) as TransactionalSink;
  const namesIn = async (Bucket: string): Promise<string[]> => {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'data/' }));
    return Contents.map(({ Key = '' }) => Key);
  };
  const bytesOf = async (Bucket: string, Key: string): Promise<Buffer> =>
    Buffer.from((await (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToByteArray()) ?? []);
  const fileName = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
  /** Lines of all objects, in the order of the records' ids. */
  const linesIn = async (bucket: string): Promise<string[]> => {
    const names = (await namesIn(bucket)).sort((a, b) => (fileName(a) < fileName(b) ? -1 : 1));
    const texts = await Promise.all(names.map(async (name) => String(await bytesOf(bucket, name))));
    return texts.flatMap((text) => text.split('\n').filter((line) => line !== ''));
  };

  const harness = async (more: Record<string, unknown> = {}): Promise<SinkHarness> => {
    const bucket = await newBucket();
    return {
      open: () => open(bucket, { withMetadata: true, includeMessageKeyToMetadata: true, ...more }),
      record: (n, key, v) => sinkRecord(n, { key, value: { v } }),
      poison: (n) => sinkRecord(n, { value: { [METADATA]: 'sekrit' } }),
      tombstone: (n, key) => sinkRecord(n, { key }),
      contents: async () => {
        const found = new Map<string, string>();
        for (const line of await linesIn(bucket)) {
          const { v, [METADATA]: metadata } = JSON.parse(line);
          if (v === undefined) found.delete(metadata.key);
          else found.set(metadata.key, v);
        }
        return Object.fromEntries(found);
      },
      dispose: async () => undefined,
    };
  };
  const outageHarness = async (): Promise<SinkOutageHarness> => {
    const { hostname, port } = new URL(useMoto().endpoint);
    const proxy = await startCutProxy(hostname, Number(port));
    const made = await harness({ endpoint: `http://127.0.0.1:${proxy.port}` });
    return { ...made, outage: () => proxy.cut(), dispose: () => proxy.close() };
  };
  sinkContract('s3', harness);
  transactionalSinkContract('s3', harness);
  sinkOutageContract('s3', outageHarness);
  sinkValuesContract(
    's3',
    async () => {
      const bucket = await newBucket();
      return {
        open: () => open(bucket),
        record: (n, _, value) => sinkRecord(n, { value: { value } }),
        read: async () => (await linesIn(bucket))[0],
        dispose: async () => undefined,
      };
    },
    {
      binary: { given: Uint8Array.of(0, 255, 10), expected: '{"value":"AP8K"}' },
      boolean: { given: true, expected: '{"value":true}' },
      'integer beyond 2^53': { given: 9007199254740993n, expected: '{"value":9007199254740993}' },
      decimal: { given: '12345678901234567890.0123456789', expected: '{"value":"12345678901234567890.0123456789"}' },
      date: { given: '2024-02-29', expected: '{"value":"2024-02-29"}' },
      timestamp: { given: '2024-02-29T23:59:59.123456Z', expected: '{"value":"2024-02-29T23:59:59.123456Z"}' },
      'null field': { given: null, expected: '{"value":null}' },
      nested: {
        given: { a: [1, { b: 'ž' }], n: 9007199254740993n },
        expected: '{"value":{"a":[1,{"b":"ž"}],"n":9007199254740993}}',
      },
    },
  );

  test('writes Parquet, and rejects alone what is no row', async () => {
    const bucket = await newBucket();
    const sink = await open(bucket, { formatType: 'parquet', parquetColumns: 'id:INT64,text:STRING' });
    const records = [1n, 'sekrit', 3].map((id, n) => sinkRecord(n, { value: { id, text: `row ${n}` } }));
    expect((await sink.write(records, running())).map(({ ok }) => ok)).toEqual([true, false, true]);
    const [name = ''] = await namesIn(bucket);
    expect(name).toMatch(/\.parquet$/);
    const file = new Uint8Array(await bytesOf(bucket, name)).buffer;
    const rows = await parquetReadObjects({ file, compressors: { GZIP: (packed) => gunzipSync(packed) } });
    expect(rows).toEqual([
      { id: 1n, text: 'row 0' },
      { id: 3n, text: 'row 2' },
    ]);
    await sink.close();
  });

  test('names objects by topic, partition and time, and writes CSV with gzip, and bytes with separators', async () => {
    const bucket = await newBucket();
    const records = [1, 2].map((n) =>
      sinkRecord(n, {
        ...{ topic: 'persistent://t/ns/in-partition-3', bytes: Buffer.from([n, 0xff]) },
        ...{ value: { id: n, text: n === 1 ? 'a "b", c\nd' : null, list: [n] }, publishTimeMs: 1_700_000_000_000 },
      }),
    );
    const csv = { formatType: 'csv', csvColumns: 'id, text, list', compression: 'gzip', partitionerType: 'TIME' };
    const time = {
      timePartitionPattern: "'day='yyyy-MM-dd/HH",
      timePartitionDuration: '24h',
      sliceTopicPartitionPath: true,
    };
    const [asCsv, asBytes] = [await open(bucket, { ...csv, ...time }), await open(bucket, { formatType: 'bytes' })];
    expect(await asCsv.write(records, running())).toEqual([{ ok: true }, { ok: true }]);
    expect(await asBytes.write(records, running())).toEqual([{ ok: true }, { ok: true }]);
    const id = '000000000007-0000000001-00000-[0-9a-f]{12}';
    const [bytesName = '', csvName = ''] = await namesIn(bucket);
    expect(csvName).toMatch(new RegExp(`^data/t/ns/in/3/day=2023-11-14/00/${id}\\.csv\\.gz$`));
    expect(bytesName).toMatch(new RegExp(`^data/t/ns/in-partition-3/${id}\\.bytes$`));
    expect(String(gunzipSync(await bytesOf(bucket, csvName)))).toBe('id,text,list\n1,"a ""b"", c\nd",[1]\n2,,[2]\n');
    expect([...(await bytesOf(bucket, bytesName))]).toEqual([1, 0xff, 0x10, 2, 0xff, 0x10]);
    const { ContentType } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: bytesName }));
    expect(ContentType).toBe('application/octet-stream');
    await Promise.all([asCsv.close(), asBytes.close()]);
  });

  test('writes the same records again under the same name, and others beside them', async () => {
    const bucket = await newBucket();
    const sink = await open(bucket);
    const records = [1, 2, 3].map((n) => sinkRecord(n, { value: { n } }));
    for (const some of [records, records, records.slice(0, 2)]) await sink.write(some, running());
    expect(await namesIn(bucket)).toHaveLength(2);
    await sink.close();
  });

  test('says PIO_SINK_MISCONFIGURED for a bucket that is not there, and PIO_SINK_UNAVAILABLE when nobody answers', async () => {
    await expect(open('no-such-bucket')).rejects.toEqual(code('PIO_SINK_MISCONFIGURED', 'no-such-bucket'));
    await expect(open('any-bucket', { endpoint: 'http://127.0.0.1:1' })).rejects.toEqual(code('PIO_SINK_UNAVAILABLE'));
  });

  test('keeps the frontier behind an object in its metadata', async () => {
    const bucket = await newBucket();
    const sink = await open(bucket);
    const topic = 'persistent://public/default/in';
    const token = { generation: 1, epoch: 1 };
    await sink.fence(topic, token, FRONTIER_START, running());
    const move = { topic, token, from: FRONTIER_START, to: { ...FRONTIER_START, ledgerId: 1 } };
    await sink.transact([sinkRecord(1, { value: { n: 1 } })], move, running());
    const { Metadata } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: (await namesIn(bucket))[0] }));
    expect(JSON.parse(Metadata?.['pulsar-io-frontier'] ?? '')).toEqual(move.to);
    await sink.close();
  });
});

const NAMESPACE = 'public/delivery-s3';

describeReal('delivery into objects on a real broker', ['pulsar', 'moto'], () => {
  beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE));
  deliveryContract('Pulsar 4, S3 (moto)', {
    ...{ broker: usePulsar, namespace: NAMESPACE, records: 2_000, maxKills: 4 },
    target: () => s3Target(useMoto()),
    guarantees: ['EFFECTIVELY_ONCE', 'ATLEAST_ONCE'],
    repeatsAreRows: true,
  });
});
