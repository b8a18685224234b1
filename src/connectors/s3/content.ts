import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PulsarIoError } from '../../core/errors.ts';
import { formatMessageId } from '../../core/message-id.ts';
import type { SinkRecord } from '../../core/record.ts';
import { jsonText } from '../../core/schema/json-text.ts';
import { recordId } from '../record-id.ts';
import { type ParquetColumn, type ParquetRow, parquetBytes, parquetColumns, parquetRow } from './parquet.ts';
import { columnsOf, formatOf, type S3SinkConfig } from './sink-config.ts';

/** Name of the field that Pulsar's connector puts the metadata into. */
const METADATA = '__message_metadata__';

/** A record as it lies in an object: its bytes, or a row of a format that stores columns. */
export type EncodedRecord = Buffer | ParquetRow;

/** What a record is in an object. Throws `PIO_SINK_REJECTED` for one that the format has no form for. */
export const encodeRecord = (record: SinkRecord, config: S3SinkConfig): EncodedRecord => {
  switch (formatOf(config)) {
    case 'json':
      return Buffer.from(`${jsonText(jsonOf(record, config))}\n`);
    case 'csv':
      return Buffer.from(rowOf(cellsOf(record, columnsOf(config))));
    case 'bytes':
      return Buffer.concat([record.bytes ?? Buffer.alloc(0), separatorOf(config)]);
    case 'parquet':
      return parquetRowOf(record, config);
  }
};

/** The bytes of an object with these records. */
export const objectBytes = async (encoded: readonly EncodedRecord[], config: S3SinkConfig): Promise<Buffer> => {
  if (formatOf(config) === 'parquet')
    return parquetBytes(encoded as readonly ParquetRow[], parquetColumnsOf(config), config.parquetCodec);
  const hasHeader = formatOf(config) === 'csv' && config.csvHeader;
  const plain = Buffer.concat([
    ...(hasHeader ? [Buffer.from(rowOf(columnsOf(config)))] : []),
    ...(encoded as readonly Buffer[]),
  ]);
  return config.compression === 'gzip' ? promisify(gzip)(plain) : plain;
};

const separatorOf = ({ bytesFormatTypeSeparator }: S3SinkConfig): Buffer =>
  Buffer.from(bytesFormatTypeSeparator.slice(2), 'hex');

const jsonOf = (record: SinkRecord, config: S3SinkConfig): unknown => {
  if (!config.withMetadata) return record.value;
  const fields = record.value as object | null;
  if (fields !== null && Object.hasOwn(fields, METADATA))
    throw rejected(record, `has a field ${METADATA}, which withMetadata keeps for the metadata`);
  return { ...fields, [METADATA]: metadataOf(record, config) };
};

const rejected = (record: SinkRecord, what: string): PulsarIoError =>
  new PulsarIoError('PIO_SINK_REJECTED', `${recordId(record)}: the message ${what}`);

const metadataOf = (record: SinkRecord, config: S3SinkConfig) => ({
  properties: record.properties,
  schemaVersion: Buffer.from(record.schemaVersion ?? []).toString('hex'),
  messageId: formatMessageId(record.messageId),
  ...(config.includeTopicToMetadata && { topic: record.topic }),
  ...(config.includePublishTimeToMetadata && { publishTime: record.publishTimeMs }),
  ...(config.includeMessageKeyToMetadata && record.key !== undefined && { key: record.key }),
});

const parquetColumnsOf = ({ parquetColumns: list }: S3SinkConfig): readonly ParquetColumn[] =>
  parquetColumns(list) as readonly ParquetColumn[];

const parquetRowOf = (record: SinkRecord, config: S3SinkConfig): ParquetRow => {
  const fields = record.value as Readonly<Record<string, unknown>> | null;
  if (fields === null) throw rejected(record, 'has no payload, and is no row of Parquet');
  try {
    return parquetRow(fields, parquetColumnsOf(config));
  } catch (error) {
    throw rejected(record, `is no row: ${(error as TypeError).message}`);
  }
};

const cellsOf = (record: SinkRecord, columns: readonly string[]): string[] => {
  const fields = record.value as Readonly<Record<string, unknown>> | null;
  if (fields === null) throw rejected(record, 'has no payload, and is no row of CSV');
  return columns.map((name) => cellOf(fields[name]));
};

const cellOf = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : jsonText(value);
  return typeof value === 'object' && value instanceof Uint8Array ? text.slice(1, -1) : text;
};

/** RFC 4180, with line feeds. */
const rowOf = (cells: readonly string[]): string =>
  `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\n`;
