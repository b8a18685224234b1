import { PulsarIoError } from '../../core/errors.ts';

/** Primary result codes of SQLite that we tell apart (https://sqlite.org/rescode.html). */
const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

const ADVICE: Readonly<Record<number, string>> = {
  [BUSY]: 'another process holds it for too long',
  [READONLY]:
    'it cannot be written: check the rights of the file and its folder, and whether the file system is read-only',
  [IOERR]: 'the disk gave an error',
  [CORRUPT]: 'the file is damaged: stop all that use it, and restore it from a copy',
  [FULL]: 'there is no room: free disk space, and the write will be done again',
  [CANTOPEN]: 'it cannot be opened: check that the path is a file in a folder that may be written',
  [NOTADB]: 'the file is not a SQLite database: name another path',
};

interface SqliteFailure {
  readonly errcode?: unknown;
  readonly message?: unknown;
}

const primaryCode = (error: unknown): number | undefined => {
  const code = (error as SqliteFailure | undefined)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
};

/** Whether another connection was in the way. */
export const isBusy = (error: unknown): boolean => primaryCode(error) === BUSY;

/** Whether a write may have happened although it failed: only a disk error leaves that open. */
export const isUncertain = (error: unknown): boolean => primaryCode(error) === IOERR;

/**
 * Our error of a failed call: ours as it is, else `PIO_STORE_UNAVAILABLE` naming the file and the cause. Its disposition is `retry`,
 * but `fatal` for a file that is damaged or no database, which no retry heals.
 */
export const sqliteError = (error: unknown, file: string, doing: string): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  const code = primaryCode(error);
  const advice = code === undefined ? undefined : ADVICE[code];
  const text = (error as SqliteFailure | undefined)?.message ?? String(error);
  return new PulsarIoError(
    'PIO_STORE_UNAVAILABLE',
    `${doing} in store file ${file}: ${advice ? `${advice} (${text})` : text}`,
    {
      cause: error,
      disposition: code === CORRUPT || code === NOTADB ? 'fatal' : 'retry',
    },
  );
};
