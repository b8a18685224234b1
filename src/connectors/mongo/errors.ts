import type { ErrorCode } from '../../core/error-codes.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { isTlsCode } from '../tls-code.ts';

/** Codes of the server (its `error_codes.yml`) that blame the document. */
const REJECTED = [
  2, // BadValue
  9, // FailedToParse
  14, // TypeMismatch
  52, // DollarPrefixedFieldName
  53, // InvalidIdField
  55, // InvalidDBRef
  57, // DottedFieldName
  66, // ImmutableField
  121, // DocumentValidationFailure
];
const TOO_LARGE = 10_334;
/** Those that an operator has to mend: rights, credentials, names, a view. */
const MISCONFIGURED = [13, 18, 33, 73, 166, 8_000, 11, 15];

/** A duplicate key: of `_id`, or of another unique index. */
export const DUPLICATE_KEY = 11_000;

/** What is used of the driver's errors. */
interface Failure {
  readonly name?: string;
  readonly message?: string;
  readonly code?: unknown;
  readonly cause?: unknown;
}

const codeOf = (code: unknown): ErrorCode => {
  if (code === TOO_LARGE) return 'PIO_RECORD_TOO_LARGE';
  if (REJECTED.includes(code as number) || code === DUPLICATE_KEY) return 'PIO_SINK_REJECTED';
  return MISCONFIGURED.includes(code as number) ? 'PIO_SINK_MISCONFIGURED' : 'PIO_SINK_UNAVAILABLE';
};

/** The error of one document of a batch. The server's text may quote it, so only the code is told. */
export const documentError = (code: unknown, doing: string): PulsarIoError => {
  const known = codeOf(code);
  const what = known === 'PIO_SINK_REJECTED' ? 'MongoDB refuses the document' : 'MongoDB answers';
  const why = code === DUPLICATE_KEY ? ', the duplicate of a unique index' : '';
  return new PulsarIoError(known, `${doing}: ${what} (error ${String(code)}${why})`);
};

/** True when a cause is one that no waiting mends. */
const isLasting = (error: Failure): boolean => {
  for (let it: Failure | undefined = error; it; it = it.cause as Failure | undefined)
    if (isTlsCode(it.code) || codeOf(it.code) === 'PIO_SINK_MISCONFIGURED') return true;
  return /^Mongo(ParseError|InvalidArgumentError|MissingCredentialsError|MissingDependencyError|CompatibilityError)$/.test(
    error.name ?? '',
  );
};

/** An error of the driver for a request as a whole. It is never told to blame a document. */
export const mongoError = (error: unknown, doing: string): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  const known = error as Failure;
  const code = isLasting(known) ? 'PIO_SINK_MISCONFIGURED' : 'PIO_SINK_UNAVAILABLE';
  const number = typeof known.code === 'number' ? ` (error ${known.code})` : '';
  return new PulsarIoError(code, `${doing}: ${known.name}: ${(known.message ?? '').slice(0, 300)}${number}`);
};
