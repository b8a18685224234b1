import { accessSync, constants, existsSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartError } from './start-error.ts';

/** The folder that keeps the state of one `npm start`; ours until it is closed or the process ends, however it ends. */
export interface DataFolder extends Disposable {
  readonly path: string;
  /** Folder of the embedded broker. */
  readonly broker: string;
  /** File of connectors, leases and checkpoints. */
  readonly store: string;
  /** What the functions log. */
  readonly log: string;
  /** Asynchronous invocations that were given up, one a line. */
  readonly failedInvokes: string;
  /** Event source mappings, and how far each stream was read for them. */
  readonly mappings: string;
  /** Where the samples read from and write to. */
  readonly samples: string;
}

const MIN_FREE_BYTES = 64 * 1024 * 1024;

/** Makes the folder and takes it. Throws `StartError` when it cannot be written, has no room, or another start uses it. */
export const openDataFolder = (path: string): DataFolder => {
  try {
    makeFolder(path);
    accessSync(`${path}/`, constants.W_OK);
    checkRoom(path);
    const lock = takeLock(path);
    return {
      path,
      broker: join(path, 'broker'),
      store: join(path, 'store.db'),
      log: join(path, 'offline.log'),
      failedInvokes: join(path, 'failed-invokes.ndjson'),
      mappings: join(path, 'event-source-mappings.json'),
      samples: join(path, 'samples'),
      [Symbol.dispose]: () => lock.close(),
    };
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw new StartError(`the data folder ${path} ${problemOf(cause)}; choose another with --data DIR`, { cause });
  }
};

/** Not `recursive`: that never ends where a folder cannot be made, as in /proc. */
const makeFolder = (path: string): void => {
  if (existsSync(path)) return;
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  mkdirSync(path);
};

const checkRoom = (path: string): void => {
  const { bavail, bsize } = statfsSync(path);
  const freeBytes = bavail * bsize;
  if (freeBytes >= MIN_FREE_BYTES) return;
  const [free, least] = [freeBytes, MIN_FREE_BYTES].map((bytes) => Math.floor(bytes / 1024 / 1024));
  throw new StartError(
    `the disk of the data folder ${path} is full: ${free} MB are free, at least ${least} MB are needed; make room or choose another with --data DIR`,
  );
};

/** An open transaction on a file of its own: the system ends it with the process, so that no stale lock stays behind. */
const takeLock = (path: string): DatabaseSync => {
  const holder = join(path, 'start.pid');
  const lock = new DatabaseSync(join(path, 'start.lock'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    if ((cause as { errcode?: number }).errcode !== SQLITE_BUSY) throw cause;
    throw new StartError(
      `the data folder ${path} is in use by another npm start (process ${readHolder(holder)}); stop it, or choose another folder with --data DIR`,
      { cause },
    );
  }
  writeFileSync(holder, String(process.pid));
  return lock;
};

const SQLITE_BUSY = 5;

const readHolder = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return 'unknown';
  }
};

const PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: 'cannot be written: you lack the right',
  EPERM: 'cannot be written: you lack the right',
  EROFS: 'is on a disk that cannot be written',
  ENOENT: 'cannot be made there',
  ENOTDIR: 'is no folder',
  EEXIST: 'is no folder',
  ENOSPC: 'is on a disk that is full',
  EDQUOT: 'is on a disk that is full for you',
};

const problemOf = (cause: unknown): string => {
  const { code, message } = cause as NodeJS.ErrnoException;
  return PROBLEMS[code ?? ''] ?? `cannot be used (${message})`;
};
