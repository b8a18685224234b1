import { type Disposition, ERROR_CODES, type ErrorCode } from './error-codes.ts';

/**
 * The one error class of the product. `message` says what was being done to what, and what would be right;
 * it never carries payloads or secrets. Decide on `code` or `disposition`, never on the text.
 */
export class PulsarIoError extends Error {
  override readonly name = 'PulsarIoError';
  readonly code: ErrorCode;
  readonly disposition: Disposition;

  /** `options.disposition` overrides the code's own, for a target that knows better (a full disk heals, a bad column does not). */
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; disposition?: Disposition } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.disposition = options.disposition ?? ERROR_CODES[code].disposition;
  }

  /** HTTP status of an admin answer that carries this error. */
  get httpStatus(): number {
    return ERROR_CODES[this.code].http;
  }
}

/** `error` itself when it is ours, else wrapped as `code` with `doing` in front and the original as cause. */
export const toPulsarIoError = (error: unknown, code: ErrorCode, doing: string): PulsarIoError =>
  error instanceof PulsarIoError
    ? error
    : new PulsarIoError(code, `${doing}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
