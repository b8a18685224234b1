import type { ErrorCode } from '../../core/error-codes.ts';
import { PulsarIoError } from '../../core/errors.ts';

/** Error codes of the CQL protocol (native_protocol_v5.spec, section 9) that do not mean "try again". */
const CQL_CODES: ReadonlyMap<number, ErrorCode> = new Map([
  [0x0100, 'PIO_SINK_MISCONFIGURED'], // bad credentials
  [0x2000, 'PIO_SINK_REJECTED'], // syntax: of a JSON payload, as our own statements are fixed
  [0x2100, 'PIO_SINK_MISCONFIGURED'], // unauthorized
  [0x2200, 'PIO_SINK_REJECTED'], // invalid: the value, or the table is not what it was (see `write.ts`)
  [0x2300, 'PIO_SINK_MISCONFIGURED'], // configuration
]);

/** Classes of the driver: wrong credentials, or a data center that has no node. */
const CONFIGURATION_ERRORS = ['AuthenticationError', 'ArgumentError'];

/** The code of `error` of cassandra-driver: decided on its classes' fields, not on text. */
export const cassandraCode = (error: unknown): ErrorCode => {
  const { innerErrors, code } = error as { innerErrors?: Record<string, unknown>; code?: unknown };
  const inner = Object.values(innerErrors ?? {});
  if (inner.length > 0)
    return inner.every((it) => cassandraCode(it) === 'PIO_SINK_MISCONFIGURED')
      ? 'PIO_SINK_MISCONFIGURED'
      : 'PIO_SINK_UNAVAILABLE';
  if (CONFIGURATION_ERRORS.includes((error as Error).constructor?.name)) return 'PIO_SINK_MISCONFIGURED'; // they have no code
  if (error instanceof TypeError || error instanceof RangeError) return 'PIO_SINK_REJECTED'; // the driver cannot encode the value
  return (typeof code === 'number' && CQL_CODES.get(code)) || 'PIO_SINK_UNAVAILABLE';
};

const UNPREPARED = 0x2500;

/** True when the table may not be what it was when it was opened: the error is the same for a wrong value, or the statement cannot be prepared again. */
export const mayBlameTable = (error: unknown): boolean => {
  const { innerErrors, code } = error as { innerErrors?: Record<string, unknown>; code?: unknown };
  if (code === UNPREPARED || Object.values(innerErrors ?? {}).some(mayBlameTable)) return true;
  return cassandraCode(error) === 'PIO_SINK_REJECTED';
};

/** An error of cassandra-driver as ours. A rejection's text may quote the payload, so it is left out, and the cause with it. */
export const cassandraError = (error: unknown, doing: string): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  const code = cassandraCode(error);
  if (code === 'PIO_SINK_REJECTED')
    return new PulsarIoError(code, `${doing}: Cassandra refuses its key or value (${reasonOf(error)})`);
  return new PulsarIoError(code, `${doing}: ${textOf(error)}`, { cause: error });
};

const reasonOf = (error: unknown): string => {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? `error 0x${code.toString(16).padStart(4, '0')}` : 'it cannot be encoded';
};

/** The driver prints the stack of the first host's error: instead, one line with what each of the first hosts said. */
const textOf = (error: unknown): string => {
  const { innerErrors } = error as { innerErrors?: Record<string, unknown> };
  const hosts = Object.entries(innerErrors ?? {}).slice(0, 3);
  if (hosts.length > 0) return hosts.map(([host, inner]) => `${host}: ${textOf(inner)}`).join('; ');
  return error instanceof Error ? error.message : String(error);
};
