import type { ErrorCode } from '../../core/error-codes.ts';
import { PulsarIoError } from '../../core/errors.ts';

const SOURCE_CODES: Readonly<Partial<Record<ErrorCode, ErrorCode>>> = {
  PIO_SINK_MISCONFIGURED: 'PIO_SOURCE_MISCONFIGURED',
  // What a database refuses of a query is the query's fault.
  PIO_SINK_REJECTED: 'PIO_SOURCE_MISCONFIGURED',
  PIO_SINK_UNAVAILABLE: 'PIO_SOURCE_UNAVAILABLE',
};

/** What goes wrong with a database that is read, by what it would be called if it were written to. */
export const sourceErrorOf = (error: PulsarIoError): PulsarIoError => {
  const code = SOURCE_CODES[error.code as ErrorCode];
  return code ? new PulsarIoError(code, error.message, { cause: error.cause }) : error;
};
