import { basename } from 'node:path';
import { PulsarIoError } from '../../core/errors.ts';
import type { Position } from '../../core/position.ts';
import type { SourceRecord } from '../../core/record.ts';
import type { RecordConfig } from './config.ts';
import { csvRows, givenColumns, headerColumns } from './csv.ts';
import { type Reading, readPages } from './pages.ts';
import { checksum, type FilePosition, type Head, TAIL_BYTES } from './position.ts';
import { csvRecords, type FileFacts, lineRecords } from './records.ts';
import { splitCsv, splitLines } from './split.ts';
import { type Bytes, Window } from './window.ts';

const CHUNK_BYTES = 1024 * 1024;
const HEADER_CHUNK_BYTES = 64 * 1024;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** Bytes that hold records: a file, an object. */
export interface Content {
  readonly handle: Bytes;
  /** How messages name it; its last part is the name that keys are made of. */
  readonly path: string;
  readonly partition: string;
  readonly head: Head;
  readonly size: number;
  /** Properties of its records. */
  readonly properties: Readonly<Record<string, string>>;
}

/** Where a file begins, and by which columns its rows are read. */
interface Beginning {
  readonly offset: number;
  readonly columns?: readonly string[];
}

/** Pages of the records after `from`, up to the end as it is now. Throws `PIO_SOURCE_CHANGED` when the content no longer holds what `from` points at. */
export async function* readContent(
  content: Content,
  config: RecordConfig,
  from: Position | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly SourceRecord[]> {
  if (from !== undefined) await verify(content, from as FilePosition);
  const beginning = await beginningOf(content, config);
  if (beginning === undefined) return; // its header row is not complete yet
  const { offset, ordinal } = (from as FilePosition | undefined) ?? { offset: beginning.offset, ordinal: 0 };
  const window = new Window(content.handle, offset, content.head, CHUNK_BYTES);
  yield* readPages(window, readingOf(content, config, beginning.columns), ordinal, signal);
}

/** Throws `PIO_SOURCE_CHANGED` unless the file still holds what was read up to `position`. */
const verify = async ({ handle, path, head, size }: Content, position: FilePosition): Promise<void> => {
  const { offset } = position;
  const changed = (what: string): PulsarIoError =>
    new PulsarIoError(
      'PIO_SOURCE_CHANGED',
      `${path} was read up to byte ${offset}, and ${what}: restore it, or stop this source and POST to its positions with ?partition= to read it from the start`,
    );
  if (size < offset) throw changed(`now it is ${size} bytes long (truncated or replaced)`);
  const tail = Buffer.alloc(Math.min(TAIL_BYTES, offset));
  const { bytesRead } = await handle.read(tail, 0, tail.length, offset - tail.length);
  if (bytesRead < tail.length) throw changed('now it is shorter (truncated or replaced)');
  if (head.at(offset) !== position.head || checksum(tail, 0, tail.length) !== position.tail)
    throw changed('other bytes are there now (replaced or edited)');
};

const beginningOf = async (content: Content, config: RecordConfig): Promise<Beginning | undefined> => {
  const start = Buffer.alloc(BOM.length);
  await content.handle.read(start, 0, BOM.length, 0);
  const offset = start.equals(BOM) ? BOM.length : 0;
  if (config.format !== 'csv') return { offset };
  const given = givenColumns(config);
  return given ? { offset, columns: given } : headerOf(content, config, offset);
};

const headerOf = async (
  { handle, head, path }: Content,
  config: RecordConfig,
  offset: number,
): Promise<Beginning | undefined> => {
  const window = new Window(handle, offset, head, HEADER_CHUNK_BYTES);
  while ((await window.fill()) > 0) {
    let header: readonly [number, number, number] | undefined;
    splitCsv(config.csvDelimiter)(window.buffer, window.from, window.to, (start, end, next) => {
      if (end > start) header ??= [start, end, next];
    });
    if (header !== undefined) {
      const [start, end, next] = header;
      return { offset: window.base + next, columns: headerColumns(window.buffer.subarray(start, end), config, path) };
    }
    if (window.to - window.from > config.maxRecordBytes)
      throw new PulsarIoError('PIO_SOURCE_RECORD_INVALID', `the header row of ${path} is larger than maxRecordBytes`, {
        disposition: 'fatal',
      });
  }
  return undefined;
};

const readingOf = (content: Content, config: RecordConfig, columns: readonly string[] | undefined): Reading => {
  const { partition, path, head, properties } = content;
  const facts: FileFacts = { partition, name: basename(path), properties, head };
  return columns
    ? {
        partition,
        config,
        split: splitCsv(config.csvDelimiter),
        make: csvRecords(facts, config, csvRows(columns, config)),
      }
    : { partition, config, split: splitLines, make: lineRecords(facts, config) };
};
