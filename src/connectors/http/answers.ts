import type { Disposition, ErrorCode } from '../../core/error-codes.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { isTlsCode } from '../tls-code.ts';
import { LINK_LOCAL_ADVICE } from './link-local.ts';
import type { HttpAnswer } from './request.ts';

interface Meaning {
  readonly code: ErrorCode;
  readonly disposition?: Disposition;
  readonly what: string;
}

/** Who may not call must not go on calling: accounts get locked. */
const UNAUTHORIZED: Meaning = {
  code: 'PIO_SINK_MISCONFIGURED',
  disposition: 'fatal',
  what: 'the target does not accept the credentials; mend authorization or headers, then restart the connector',
};
const WRONG_ADDRESS: Meaning = {
  code: 'PIO_SINK_MISCONFIGURED',
  what: 'the target takes nothing at this address with this method',
};
const LATER: Meaning = { code: 'PIO_SINK_UNAVAILABLE', what: 'the target cannot take it now' };
const TOO_LARGE: Meaning = { code: 'PIO_RECORD_TOO_LARGE', what: 'the target calls it too large' };
const REFUSED: Meaning = { code: 'PIO_SINK_REJECTED', what: 'the target refuses it' };

/** Statuses that do not mean what their hundred means (RFC 9110; 409 of a target that knows ids: the first request with this one is still under way). */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  401: UNAUTHORIZED,
  403: UNAUTHORIZED,
  407: UNAUTHORIZED,
  404: WRONG_ADDRESS,
  405: WRONG_ADDRESS,
  501: WRONG_ADDRESS,
  408: LATER,
  425: LATER,
  429: LATER,
  413: TOO_LARGE,
};

const meaningOf = (status: number, isIdempotent: boolean): Meaning => {
  if (status === 409 && isIdempotent) return LATER;
  return MEANINGS[status] ?? (status >= 500 ? LATER : status >= 400 ? REFUSED : WRONG_ADDRESS);
};

/** What an answer means; undefined: it was taken. `doing` names record and target. */
export const failureOf = (answer: HttpAnswer, isIdempotent: boolean, doing: string): PulsarIoError | undefined => {
  const { status, retryAfterMs } = answer;
  if (status >= 200 && status < 300) return undefined;
  const { code, disposition, what } = meaningOf(status, isIdempotent);
  const wait = retryAfterMs === undefined ? '' : `, and asks to wait ${Math.ceil(retryAfterMs / 1_000)} s`;
  return new PulsarIoError(code, `${doing}: status ${status}: ${what}${wait}`, { ...(disposition && { disposition }) });
};

/** No answer came. What the client says names addresses and certificates, never headers or bodies. */
export const noAnswer = (error: unknown, doing: string): PulsarIoError => {
  const { code = '', name = '', message = '' } = error as { code?: string; name?: string; message?: string };
  if (code === 'ERR_IP_BLOCKED')
    return new PulsarIoError(
      'PIO_SINK_MISCONFIGURED',
      `${doing}: its address is link-local, or on Lambda loopback: ${LINK_LOCAL_ADVICE}`,
    );
  const what = name === 'AbortError' || name === 'TimeoutError' ? 'no answer in time' : message || code;
  return new PulsarIoError(
    isTlsCode(code) ? 'PIO_SINK_MISCONFIGURED' : 'PIO_SINK_UNAVAILABLE',
    `${doing}: ${what.slice(0, 300)}`,
    {
      cause: error,
    },
  );
};
