import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { PulsarIoError } from '../../core/errors.ts';
import type { Position } from '../../core/position.ts';
import type { SourceRecord } from '../../core/record.ts';
import type { FileConfig } from './config.ts';
import { type Content, readContent } from './content.ts';
import { pathOf, unavailable } from './listing.ts';
import { HEAD_BYTES, Head } from './position.ts';

const COMPRESSED = [Buffer.from([0x1f, 0x8b]), Buffer.from('PK\x03\x04')];

/** True when the first bytes are those of a gzip or zip archive. */
export const isCompressed = (start: Buffer): boolean =>
  COMPRESSED.some((magic) => start.subarray(0, magic.length).equals(magic));

interface OpenFile extends Content {
  readonly handle: FileHandle;
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
    yield* readContent(file, config, from, signal);
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
    if (isCompressed(start)) throw compressed(path);
    const modified = String(Math.floor(mtimeMs));
    const properties = { 'file.name': basename(path), 'file.path': path, 'file.modified.time': modified };
    return { handle, path, partition, head, size, properties };
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
