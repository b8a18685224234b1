import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { BasicType } from 'hyparquet-writer';
import { castTo } from '../../core/transform/values.ts';
import { splitList } from '../config.ts';

/** A column of a Parquet object. */
export interface ParquetColumn {
  readonly name: string;
  readonly type: ParquetType;
}

/** A row: values in the order of the columns. */
export type ParquetRow = readonly unknown[];

const bytesOf = (value: unknown): Uint8Array => {
  if (value instanceof Uint8Array) return value;
  throw new TypeError('bytes are needed, and the value is none');
};

/** Types by name: how they are called in the file, and what becomes of a value that is not null. They throw `TypeError`, never with the value. */
const TYPES = {
  BOOLEAN: ['BOOLEAN', (value) => castTo('BOOLEAN', value)],
  INT32: ['INT32', (value) => castTo('INT32', value)],
  INT64: ['INT64', (value) => BigInt(castTo('INT64', value) as number | bigint)],
  FLOAT: ['FLOAT', (value) => castTo('FLOAT', value)],
  DOUBLE: ['DOUBLE', (value) => castTo('DOUBLE', value)],
  STRING: ['STRING', (value) => castTo('STRING', value)],
  BYTES: ['BYTE_ARRAY', bytesOf],
  TIMESTAMP: ['TIMESTAMP', (value) => new Date(castTo('TIMESTAMP', value) as number)],
} as const satisfies Record<string, readonly [BasicType, (value: unknown) => unknown]>;

type ParquetType = keyof typeof TYPES;

/** Columns of a list like `id:INT64,name:STRING`; a text says what is wrong with it. */
export const parquetColumns = (list: string | undefined): readonly ParquetColumn[] | string => {
  const columns = splitList(list).map((column) => {
    const at = column.lastIndexOf(':');
    return {
      name: column.slice(0, at).trim(),
      type: column
        .slice(at + 1)
        .trim()
        .toUpperCase(),
    };
  });
  const isGood = columns.every(({ name, type }) => name !== '' && Object.hasOwn(TYPES, type));
  if (columns.length === 0 || !isGood)
    return `must be a comma-separated list of name:TYPE, with a type of ${Object.keys(TYPES).join(', ')}`;
  if (new Set(columns.map(({ name }) => name)).size < columns.length) return 'must not have a name twice';
  return columns as readonly ParquetColumn[];
};

/** The row of a record's fields: those that are no column are left out, a column that is no field is null. Throws `TypeError` that names the column. */
export const parquetRow = (fields: Readonly<Record<string, unknown>>, columns: readonly ParquetColumn[]): ParquetRow =>
  columns.map(({ name, type }) => {
    const value = Object.hasOwn(fields, name) ? (fields[name] ?? null) : null;
    try {
      return value === null ? null : TYPES[type][1](value);
    } catch (error) {
      throw new TypeError(`column ${name}: ${(error as TypeError).message}`);
    }
  });

/** Codecs by the name that `parquetCodec` has for them; all but the first two are Node's own. */
const CODECS = { none: 'UNCOMPRESSED', snappy: 'SNAPPY', gzip: 'GZIP', brotli: 'BROTLI', zstd: 'ZSTD' } as const;

/** Names of the codecs. */
export const PARQUET_CODECS = Object.keys(CODECS);

/** A Parquet file of these rows; the same rows make the same bytes. */
export const parquetBytes = async (
  rows: readonly ParquetRow[],
  columns: readonly ParquetColumn[],
  codec: string,
): Promise<Buffer> => {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const file = parquetWriteBuffer({
    columnData: columns.map(({ name, type }, at) => ({
      name,
      type: TYPES[type][0],
      data: rows.map((row) => row[at]),
    })),
    codec: CODECS[codec as keyof typeof CODECS],
    compressors: {
      GZIP: (plain) => gzipSync(plain),
      BROTLI: (plain) => brotliCompressSync(plain),
      ZSTD: (plain) => zstdCompressSync(plain),
    },
    createdBy: 'pulsar-io-serverless',
  });
  return Buffer.from(file);
};
