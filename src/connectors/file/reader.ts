import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { PulsarIoError } from '../../core/errors.ts';
import type { Position } from '../../core/position.ts';
import type { SourceRecord } from '../../core/record.ts';
import type { FileConfig } from './config.ts';
import { csvRows, givenColumns, headerColumns } from './csv.ts';
import { pathOf, unavailable } from './listing.ts';
import { type Reading, readPages } from './pages.ts';
import { checksum, type FilePosition, HEAD_BYTES, Head, TAIL_BYTES } from './position.ts';
import { csvRecords, type FileFacts, lineRecords } from './records.ts';
import { splitCsv, splitLines } from './split.ts';
import { Window } from './window.ts';

const CHUNK_BYTES = 1024 * 1024;
const HEADER_CHUNK_BYTES = 64 * 1024;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const COMPRESSED = [Buffer.from([0x1f, 0x8b]), Buffer.from('PK\x03\x04')];

interface OpenFile {
  readonly handle: FileHandle;
  readonly path: string;
  readonly partition: string;
  readonly head: Head;
  readonly size: number;
  readonly modifiedMs: number;
}

/** Where a file begins, and by which columns its rows are read. */
interface Beginning {
  readonly offset: number;
  readonly columns?: readonly string[];
}

/**
 * Pages of the records of file `partition` after `from`, up to its end as it is now. Throws `PIO_SOURCE_UNAVAILABLE` when it cannot be read,
 * `PIO_SOURCE_CHANGED` when it no longer holds what `from` points at.
 */
export async function* readFile(
  config: FileConfig,
  partition: string,
  from: Position | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly SourceRecord[]> {
  const file = await openFile(pathOf(config, partition), partition);
  try {
    if (from !== undefined) await verify(file, from as FilePosition);
    const beginning = await beginningOf(file, config);
    if (beginning === undefined) return; // its header row is not complete yet
    const { offset, ordinal } = (from as FilePosition | undefined) ?? { offset: beginning.offset, ordinal: 0 };
    const window = new Window(file.handle, offset, file.head, CHUNK_BYTES);
    yield* readPages(window, readingOf(file, config, beginning.columns), ordinal, signal);
  } finally {
    await file.handle.close();
  }
}

const openFile = async (path: string, partition: string): Promise<OpenFile> => {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const { size, mtimeMs } = await handle.stat();
    const head = new Head();
    const start = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await handle.read(start, 0, HEAD_BYTES, 0);
    head.extend(0, start, bytesRead);
    if (COMPRESSED.some((magic) => start.subarray(0, magic.length).equals(magic))) throw compressed(path);
    return { handle, path, partition, head, size, modifiedMs: Math.floor(mtimeMs) };
  } catch (cause) {
    await handle?.close();
    throw cause instanceof PulsarIoError ? cause : unavailable(`opening ${path}`, cause);
  }
};

const compressed = (path: string): PulsarIoError =>
  new PulsarIoError(
    'PIO_SOURCE_RECORD_INVALID',
    `${path} is a gzip or zip archive: unpack it, or exclude it by fileFilter`,
    {
      disposition: 'fatal',
    },
  );

/** Throws `PIO_SOURCE_CHANGED` unless the file still holds what was read up to `position`. */
const verify = async ({ handle, path, head, size }: OpenFile, position: FilePosition): Promise<void> => {
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

const beginningOf = async (file: OpenFile, config: FileConfig): Promise<Beginning | undefined> => {
  const start = Buffer.alloc(BOM.length);
  await file.handle.read(start, 0, BOM.length, 0);
  const offset = start.equals(BOM) ? BOM.length : 0;
  if (config.format !== 'csv') return { offset };
  const given = givenColumns(config);
  return given ? { offset, columns: given } : headerOf(file, config, offset);
};

const headerOf = async (
  { handle, head, path }: OpenFile,
  config: FileConfig,
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

const readingOf = (file: OpenFile, config: FileConfig, columns: readonly string[] | undefined): Reading => {
  const { partition, path, head, modifiedMs } = file;
  const name = basename(path);
  const properties = { 'file.name': name, 'file.path': path, 'file.modified.time': String(modifiedMs) };
  const facts: FileFacts = { partition, name, properties, head };
  return columns
    ? {
        partition,
        config,
        split: splitCsv(config.csvDelimiter),
        make: csvRecords(facts, config, csvRows(columns, config)),
      }
    : { partition, config, split: splitLines, make: lineRecords(facts, config) };
};
