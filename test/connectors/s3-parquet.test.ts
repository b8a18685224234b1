import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { encodeRecord, objectBytes } from '../../src/connectors/s3/content.ts';
import { PARQUET_CODECS } from '../../src/connectors/s3/parquet.ts';
import { s3Sink } from '../../src/connectors/s3/sink.ts';
import type { S3SinkConfig } from '../../src/connectors/s3/sink-config.ts';
import { sinkRecord } from '../contracts/sink.ts';
import { configOf, problemsOf } from './open.ts';

const BASE = { provider: 'aws-s3', bucket: 'some-bucket', region: 'eu-west-1', formatType: 'PARQUET' };
const ALL =
  'yes:BOOLEAN, small:INT32, big:INT64, third:FLOAT, ratio:DOUBLE, text:string, bytes:BYTES, at:TIMESTAMP, a:b:INT32';
const NAMES = ['yes', 'small', 'big', 'third', 'ratio', 'text', 'bytes', 'at', 'a:b'];
const config = (more: object = {}) =>
  configOf(s3Sink, { ...BASE, parquetColumns: ALL, ...more }) as unknown as S3SinkConfig;
const record = (n: number, value: unknown) => sinkRecord(n, { value });

const ROWS = [
  {
    ...{ yes: true, small: -7, big: 9_007_199_254_740_993n, third: 0.5, ratio: 0.1, text: 'Zürich "x"\n', left: 'out' },
    ...{ bytes: Buffer.from([0, 255]), at: '2024-02-29T23:59:59.123Z', 'a:b': '3' },
  },
  {},
  { ...{ yes: 'false', big: '-5', text: { a: [1n] }, at: 1_700_000_000_000 }, ratio: null },
];

/** Read by the library's reader, with the platform's own codecs. */
const read = async (bytes: Buffer) => {
  const file = new Uint8Array(bytes).buffer;
  const compressors = {
    GZIP: (packed: Uint8Array) => gunzipSync(packed),
    BROTLI: (packed: Uint8Array) => brotliDecompressSync(packed),
    ZSTD: (packed: Uint8Array) => zstdDecompressSync(packed),
  };
  return parquetReadObjects({ file, compressors, utf8: false });
};

describe('Parquet objects of the s3 sink', () => {
  test.each(PARQUET_CODECS)(
    'hold what the columns name, and are the same for the same records: %s',
    async (parquetCodec) => {
      const settings = config({ parquetCodec });
      const encoded = ROWS.map((value, n) => encodeRecord(record(n, value), settings));
      const bytes = await objectBytes(encoded, settings);
      expect(await objectBytes(encoded, settings)).toEqual(bytes);
      const none = Object.fromEntries(NAMES.map((name) => [name, null]));
      expect((await read(bytes)).map((row) => ({ ...row, bytes: row.bytes && [...row.bytes] }))).toEqual([
        {
          ...{ yes: true, small: -7, big: 9_007_199_254_740_993n, third: 0.5, ratio: 0.1, text: 'Zürich "x"\n' },
          ...{ bytes: [0, 255], at: new Date('2024-02-29T23:59:59.123Z'), 'a:b': 3 },
        },
        none,
        { ...none, yes: false, big: -5n, text: '{"a":[1]}', at: new Date(1_700_000_000_000) },
      ]);
      const { schema } = await parquetMetadataAsync(new Uint8Array(bytes).buffer);
      expect(schema.slice(1).map(({ name, repetition_type }) => [name, repetition_type])).toEqual(
        NAMES.map((name) => [name, 'OPTIONAL']),
      );
    },
  );

  test('hold many rows, and of columns with nothing in them', async () => {
    const settings = config({ parquetColumns: 'n:INT64,empty:STRING' });
    const encoded = Array.from({ length: 5_000 }, (_, n) => encodeRecord(record(n, { n }), settings));
    const rows = await read(await objectBytes(encoded, settings));
    expect(rows.length).toBe(5_000);
    expect(rows.every(({ n, empty }, at) => n === BigInt(at) && empty === null)).toBe(true);
  });

  test.each([
    [{ small: 'sekrit' }, /column small: INT32 is needed/],
    [{ small: 2 ** 31 }, /column small: .*INT32/],
    [{ big: 1.5 }, /column big: INT64 is needed/],
    [{ bytes: 'sekrit' }, /column bytes: bytes are needed/],
    [{ at: 'sekrit' }, /column at: a time is needed/],
    [null, /has no payload/],
  ])('reject %j, and say why without the value', (value, reason) => {
    const reject = () => encodeRecord(record(1, value), config());
    expect(reject).toThrow(reason);
    expect(reject).toThrow(expect.objectContaining({ code: 'PIO_SINK_REJECTED' }));
    expect(reject).not.toThrow(/sekrit/);
  });

  test.each([
    [{}, '/configs/parquetColumns'],
    [{ parquetColumns: 'a' }, '/configs/parquetColumns'],
    [{ parquetColumns: 'a:TEXT' }, '/configs/parquetColumns'],
    [{ parquetColumns: 'a:INT32,a:INT64' }, '/configs/parquetColumns'],
    [{ parquetColumns: 'a:INT32', compression: 'gzip' }, '/configs/compression'],
    [{ parquetColumns: 'a:INT32', parquetCodec: 'lzo' }, '/configs/parquetCodec'],
  ])('refuse %j as configuration', (more, path) => {
    expect(problemsOf(s3Sink, { ...BASE, ...more })).toEqual([path]);
  });
});
