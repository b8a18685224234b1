import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { ERROR_CODES } from '../../core/error-codes.ts';
import { PulsarIoError } from '../../core/errors.ts';

/** What the admin API answers. */
export type Answer = APIGatewayProxyStructuredResultV2 & { readonly statusCode: number };

/** 204: done, nothing to say. Pulsar's success of everything but GET. */
export const done = (): Answer => ({ statusCode: 204 });

/** A JSON answer. */
export const json = (body: unknown, statusCode = 200, headers: Record<string, string> = {}): Answer => ({
  statusCode,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

/** The answer to an error: Pulsar's `ErrorData`, `{"reason": …}`. Nothing of an unexpected error or of a failed backend is told. */
export const refusal = (error: unknown, requestId: string): Answer => {
  const known = error instanceof PulsarIoError ? error : undefined;
  if (known?.code === 'PIO_STORE_CONFLICT') return json({ reason: OUT_OF_DATE }, 400);
  const status = known?.httpStatus ?? 500;
  if (known && status < 500) return json({ reason: known.message }, status, allowOf(known));
  const what = ERROR_CODES[known?.code ?? 'PIO_INTERNAL'].meaning;
  return json({ reason: `${what} Try again; if it stays, look for request ${requestId} in the log.` }, status);
};

/** What Pulsar says when the connector changed between reading and writing it. */
const OUT_OF_DATE = 'Update request ignored because it is out of date. Please try again.';

/** A path that exists, but not for this method. */
export class MethodNotAllowedError extends PulsarIoError {
  readonly allow: readonly string[];

  constructor(method: string, allow: readonly string[]) {
    super('PIO_METHOD_NOT_ALLOWED', `${method} is not possible here; possible are ${allow.join(', ')}`);
    this.allow = allow;
  }
}

const allowOf = (error: PulsarIoError): Record<string, string> =>
  error instanceof MethodNotAllowedError ? { allow: error.allow.join(',') } : {};
