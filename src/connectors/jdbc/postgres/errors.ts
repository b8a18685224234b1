import type { ErrorCode } from '../../../core/error-codes.ts';
import { PulsarIoError } from '../../../core/errors.ts';
import { isTlsCode } from '../../tls-code.ts';

/** The fields of an error that the server sent (PostgreSQL documentation, "Error and Notice Message Fields"). */
interface ServerError extends Error {
  /** SQLSTATE. */
  readonly code: string;
  readonly severity: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
}

const isServerError = (error: unknown): error is ServerError =>
  error instanceof Error && 'severity' in error && typeof (error as Partial<ServerError>).code === 'string';

/** Codes, or their first two characters (the class), that blame the record (PostgreSQL documentation, "PostgreSQL Error Codes"). */
const REJECTED = ['21', '22', '23', '27', '44', '54', 'P0'];
/** The same for what an operator has to mend. */
const MISCONFIGURED = ['0A', '28', '3D', '3F', '42', '25006'];

/** Names of the codes that are seen most; the server's own text of these quotes values. */
const NAMES: Readonly<Record<string, string>> = {
  '21000': 'it means one row twice',
  '22001': 'a text is too long for its column',
  '22003': 'a number is out of the range of its column',
  '22007': 'a text is no date or time',
  '22008': 'a date or time is out of range',
  '22021': 'a text has a character that the database cannot store, such as U+0000',
  '22P02': 'a value has not the form of its column’s type',
  '22P03': 'a value has not the form of its column’s type',
  '23502': 'a column that must have a value has none',
  '23503': 'a foreign key names no row',
  '23505': 'there is a row with this key already',
  '23514': 'a check failed',
  '54000': 'a value is too large for an index',
  P0001: 'a trigger or function refuses it',
};

/** A certificate or protocol that does not fit. */
const isTls = (error: unknown): boolean => {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return isTlsCode(code) || /does not support SSL/.test(message);
};

const startsWithOne = (code: string, list: readonly string[]): boolean => list.some((it) => code.startsWith(it));

/** Our code for an error of `pg`. */
export const postgresCode = (error: unknown): ErrorCode => {
  if (!isServerError(error)) return isTls(error) ? 'PIO_SINK_MISCONFIGURED' : 'PIO_SINK_UNAVAILABLE';
  if (startsWithOne(error.code, REJECTED)) return 'PIO_SINK_REJECTED';
  return startsWithOne(error.code, MISCONFIGURED) ? 'PIO_SINK_MISCONFIGURED' : 'PIO_SINK_UNAVAILABLE';
};

/** True when a record, not the database, is to blame. */
export const isRejection = (error: unknown): boolean => postgresCode(error) === 'PIO_SINK_REJECTED';

/** An error of `pg` as ours. What the server says of a rejected value may quote it, so that text is left out, and the cause with it. */
export const postgresError = (error: unknown, doing: string): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  const code = postgresCode(error);
  if (code === 'PIO_SINK_REJECTED') return new PulsarIoError(code, `${doing}: ${rejection(error as ServerError)}`);
  return new PulsarIoError(code, `${doing}: ${textOf(error)}`, { cause: error });
};

const rejection = ({ code, constraint, column, table }: ServerError): string => {
  const where = [
    ...(constraint ? [`constraint ${constraint}`] : []),
    ...(column ? [`column ${column}`] : []),
    ...(table && constraint ? [`table ${table}`] : []),
  ];
  return `${NAMES[code] ?? 'PostgreSQL refuses it'} (${[`SQLSTATE ${code}`, ...where].join(', ')})`;
};

/** Connecting to a name with several addresses fails with one error for each. */
const textOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(textOf).join('; ');
  return error instanceof Error ? error.message : String(error);
};
