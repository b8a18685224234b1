import { PulsarIoError } from '../../core/errors.ts';

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const SQLITE = {
  ERROR: 1,
  PERM: 3,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  CORRUPT: 11,
  CANTOPEN: 14,
  SCHEMA: 17,
  TOOBIG: 18,
  CONSTRAINT: 19,
  MISMATCH: 20,
  AUTH: 23,
  RANGE: 25,
  NOTADB: 26,
} as const;

const REJECTED: readonly number[] = [SQLITE.TOOBIG, SQLITE.CONSTRAINT, SQLITE.MISMATCH, SQLITE.RANGE];
const MISCONFIGURED: readonly number[] = [
  SQLITE.ERROR,
  SQLITE.PERM,
  SQLITE.READONLY,
  SQLITE.CORRUPT,
  SQLITE.CANTOPEN,
  SQLITE.SCHEMA,
  SQLITE.AUTH,
  SQLITE.NOTADB,
];

interface SqliteError extends Error {
  readonly code: string;
  readonly errcode?: number;
  readonly errstr?: string;
}

/** Primary result code of an error of `node:sqlite`; undefined for any other error. */
export const sqliteCode = (error: unknown): number | undefined => {
  const { errcode } = error as Partial<SqliteError>;
  return errcode === undefined ? undefined : errcode & 0xff;
};

/** True when another connection holds a lock: it is worth waiting. */
export const isBusy = (error: unknown): boolean => {
  const code = sqliteCode(error);
  return code === SQLITE.BUSY || code === SQLITE.LOCKED;
};

/** True when the record, not the database, is to blame. */
export const isRejection = (error: unknown): boolean => {
  const code = sqliteCode(error);
  if (code !== undefined) return REJECTED.includes(code);
  return (
    typeof (error as Partial<SqliteError>).code === 'string' &&
    (error as SqliteError).code.startsWith('ERR_INVALID_ARG')
  );
};

/** Any error of the database as ours: `PIO_SINK_REJECTED` where the record is to blame, else `PIO_SINK_MISCONFIGURED` or `PIO_SINK_UNAVAILABLE`. */
export const sqliteError = (error: unknown, doing: string): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  if (isRejection(error)) return new PulsarIoError('PIO_SINK_REJECTED', `${doing}: ${reasonOf(error)}`);
  const code = sqliteCode(error);
  const isWrong = code !== undefined && MISCONFIGURED.includes(code);
  return new PulsarIoError(
    isWrong ? 'PIO_SINK_MISCONFIGURED' : 'PIO_SINK_UNAVAILABLE',
    `${doing}: ${reasonOf(error)}`,
    {
      cause: error,
    },
  );
};

/** SQLite's text of a constraint names the table, column or constraint and no value; of a bind error, we say it ourselves. */
const reasonOf = (error: unknown): string => {
  if (sqliteCode(error) === undefined && isRejection(error)) return 'a value is out of the range that SQLite stores';
  return error instanceof Error ? error.message : String(error);
};
