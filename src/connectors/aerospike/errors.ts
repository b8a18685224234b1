import type { ErrorCode } from '../../core/error-codes.ts';
import { PulsarIoError } from '../../core/errors.ts';

/** Result codes of server and client (`as_status.h`), by what they mean here; any other is `PIO_SINK_UNAVAILABLE`. */
const CODES: ReadonlyMap<unknown, ErrorCode> = new Map<unknown, ErrorCode>([
  [-2, 'PIO_SINK_REJECTED'], // the client cannot send it
  [12, 'PIO_SINK_REJECTED'], // the bin holds another type
  [21, 'PIO_SINK_REJECTED'], // bin name
  [13, 'PIO_RECORD_TOO_LARGE'],
  ...[
    4, // parameter: a set where none may be, a replacement where none is allowed
    10, // always forbidden
    16, // unsupported by this server
    20, // no such namespace
    22, // forbidden: a time to live without nsup-period
    25, // enterprise edition only
    ...[51, 53], // security is not supported
    ...[60, 62, 63, 64, 65, 66], // user, password, credential, session
    ...[80, 81, 82], // not authenticated, role, whitelist
  ].map((code) => [code, 'PIO_SINK_MISCONFIGURED'] as const),
]);

/** A filter that was false: what is stored is newer. */
export const FILTERED_OUT = 27;
/** There is no such record. */
export const NOT_FOUND = 2;

/** What is used of the package's errors. */
interface Failure {
  readonly code?: unknown;
  readonly message?: string;
}

/** Result code of an error of the package. */
export const resultOf = (error: unknown): unknown => (error as Failure).code;

/** An error of the package as ours. It keeps the command with its bins, so the cause is left out. */
export const aerospikeError = (error: unknown, doing: string): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  const { code, message = '' } = error as Failure;
  const what = message.slice(0, 300) || 'no answer';
  return new PulsarIoError(CODES.get(code) ?? 'PIO_SINK_UNAVAILABLE', `${doing}: ${what} (error ${String(code)})`);
};
