import { isUtf8 } from 'node:buffer';
import { PulsarIoError } from '../../core/errors.ts';
import { parseExact } from '../../core/exact-json.ts';
import type { SourceRecord } from '../../core/record.ts';
import { keyText } from '../json-key.ts';
import type { RecordConfig } from './config.ts';
import type { CsvRows, Row } from './csv.ts';
import { checksum, type FilePosition, type Head, TAIL_BYTES } from './position.ts';

/** A stretch of a file in memory. */
export interface Stretch {
  readonly buffer: Buffer;
  /** Offset in the file of the first byte of `buffer`. */
  readonly base: number;
}

/** What records of one file have in common. */
export interface FileFacts {
  /** Partition: path relative to the root. */
  readonly partition: string;
  /** Name without directories: Pulsar's key is this and the line number. */
  readonly name: string;
  /** Pulsar's properties `file.name`, `file.path`, `file.modified.time`. */
  readonly properties: Readonly<Record<string, string>>;
  readonly head: Head;
}

/** Content of records: start, end and next, three numbers for each. */
export type Bounds = readonly number[];

/** Value and key of a record, or the error in its place. */
interface Content {
  readonly value: unknown;
  readonly key?: string;
  readonly error?: PulsarIoError;
}

/** Makes records of the bytes between bounds `first` and `last` (counted in records). */
export type MakeRecords = (
  stretch: Stretch,
  bounds: Bounds,
  first: number,
  last: number,
  ordinal: number,
) => SourceRecord[];

const PER_RECORD = 3;

/** How many records `bounds` holds. */
export const countOf = (bounds: Bounds): number => bounds.length / PER_RECORD;

/** Bytes from record `first` to record `last` (exclusive). */
export const bytesOf = (bounds: Bounds, first: number, last: number): number =>
  (bounds[last * PER_RECORD - 1] as number) - (bounds[first * PER_RECORD] as number);

/** Index in `bounds` of the first record whose content is larger than `maxBytes`, or -1. */
export const firstTooLarge = (bounds: Bounds, maxBytes: number): number => {
  for (let i = 0; i < bounds.length; i += PER_RECORD)
    if ((bounds[i + 1] as number) - (bounds[i] as number) > maxBytes) return i;
  return -1;
};

/** Records of `lines` and `ndjson`; `ordinal` counts every line, also empty ones, which are no records. */
export const lineRecords =
  (facts: FileFacts, config: RecordConfig): MakeRecords =>
  (stretch, bounds, first, last, ordinal) => {
    const records: SourceRecord[] = [];
    for (let i = first; i < last; i++) {
      const [start, end, next] = [
        bounds[i * PER_RECORD] as number,
        bounds[i * PER_RECORD + 1] as number,
        bounds[i * PER_RECORD + 2] as number,
      ];
      const line = ordinal + i - first + 1;
      if (end === start) continue;
      const bytes = stretch.buffer.subarray(start, end);
      const content = config.format === 'lines' ? { value: bytes } : jsonContent(bytes, config.keyField);
      records.push(recordOf(facts, stretch, start, next, line, locate(content, facts, stretch.base + start, line)));
    }
    return records;
  };

/** Records of `csv`; `ordinal` counts the rows after the header. */
export const csvRecords =
  (facts: FileFacts, config: RecordConfig, rows: CsvRows): MakeRecords =>
  (stretch, bounds, first, last, ordinal) => {
    const filled: number[] = [];
    for (let i = first; i < last; i++) if (bounds[i * PER_RECORD] !== bounds[i * PER_RECORD + 1]) filled.push(i);
    if (filled.length === 0) return [];
    const { buffer } = stretch;
    const region = buffer.subarray(bounds[first * PER_RECORD], bounds[last * PER_RECORD - 1]);
    let objects = rows.objects(region, filled.length);
    if (objects.length === 0)
      objects = filled.map(
        (i) => rows.objects(buffer.subarray(bounds[i * PER_RECORD], bounds[i * PER_RECORD + 1]), 1)[0] as Row,
      );
    return filled.map((i, index) => {
      const [start, end, next] = [
        bounds[i * PER_RECORD] as number,
        bounds[i * PER_RECORD + 1] as number,
        bounds[i * PER_RECORD + 2] as number,
      ];
      const line = ordinal + i - first + 1;
      const content = rowContent(objects[index] as Row, buffer.subarray(start, end), config.keyField);
      return recordOf(facts, stretch, start, next, line, locate(content, facts, stretch.base + start, line));
    });
  };

const recordOf = (
  { name, properties, head }: FileFacts,
  { buffer, base }: Stretch,
  start: number,
  next: number,
  ordinal: number,
  { value, key, error }: Content,
): SourceRecord => {
  const offset = base + next;
  const position: FilePosition = {
    offset,
    ordinal,
    head: head.at(offset),
    tail: checksum(buffer, Math.max(0, next - TAIL_BYTES), next),
  };
  const sequence = base + start;
  return error
    ? { value, key: key ?? `${name}_${ordinal}`, properties, sequence, position, error }
    : { value, key: key ?? `${name}_${ordinal}`, properties, sequence, position };
};

/** Says in the error which line of which file it is. */
const locate = (content: Content, { partition }: FileFacts, offset: number, line: number): Content =>
  content.error === undefined
    ? content
    : {
        value: content.value,
        error: new PulsarIoError(
          content.error.code,
          `${partition}, record ${line} at byte ${offset}: ${content.error.message}`,
          {
            disposition: content.error.disposition,
          },
        ),
      };

const invalid = (message: string): PulsarIoError => new PulsarIoError('PIO_SOURCE_RECORD_INVALID', message);

const jsonContent = (bytes: Buffer, keyField: string | undefined): Content => {
  if (!isUtf8(bytes)) return { value: bytes, error: invalid('the line is not UTF-8') };
  let value: unknown;
  try {
    const text = bytes.toString('utf8');
    value = keyField === undefined ? JSON.parse(text) : parseExact(text); // a key must keep its digits
  } catch {
    return { value: bytes, error: invalid('the line is not JSON') }; // no cause: its message quotes the payload
  }
  return keyField === undefined ? { value: bytes } : withKey(bytes, value, keyField);
};

const rowContent = (row: Row, bytes: Buffer, keyField: string | undefined): Content => {
  if (row instanceof PulsarIoError) return { value: bytes, error: row };
  return keyField === undefined ? { value: row } : withKey(row, row, keyField);
};

const withKey = (value: unknown, fields: unknown, keyField: string): Content => {
  const key = keyText(fields, keyField);
  return key === undefined
    ? {
        value,
        error: invalid(`the field ${keyField}, which is to be the key, is missing or no text, number or boolean`),
      }
    : { value, key };
};
