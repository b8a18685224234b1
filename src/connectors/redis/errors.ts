import type { ErrorCode } from '../../core/error-codes.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { isTlsCode } from '../tls-code.ts';

/** First words of Redis' error replies (redis.io, "RESP protocol: simple errors") that an operator has to mend. */
const MISCONFIGURED = ['NOAUTH', 'WRONGPASS', 'NOPERM', 'DENIED', 'NOSCRIPT', 'NOREPLICAS'];
/** The same for what the key itself is to blame for. */
const REJECTED = ['WRONGTYPE'];

/** What is used of an error, which need not be an `Error` of this realm. */
interface Failure {
  readonly name?: string;
  readonly message: string;
  readonly code?: unknown;
}

const wordOf = ({ message }: Failure): string => /^[A-Z]+/.exec(message)?.[0] ?? '';

const isReply = (error: Failure): boolean => error.name === 'ReplyError';

const codeOf = (error: Failure): ErrorCode => {
  if (!isReply(error)) return isTlsCode(error.code) ? 'PIO_SINK_MISCONFIGURED' : 'PIO_SINK_UNAVAILABLE';
  const word = wordOf(error);
  if (REJECTED.includes(word)) return 'PIO_SINK_REJECTED';
  // Plain ERR: a command that the server does not know or allow, a database that it does not have.
  return word === 'ERR' || MISCONFIGURED.includes(word) ? 'PIO_SINK_MISCONFIGURED' : 'PIO_SINK_UNAVAILABLE';
};

/** The reply to a command that the server does not know, as one that was renamed there, quotes what it was given. */
const withoutArguments = (message: string): string => message.replace(/,? with args beginning with:.*/s, '');

/** An error of `ioredis` as ours. It keeps the command with its arguments, so that is left out, and the cause with it. */
export const redisError = (error: unknown, doing: string): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  const known = error as Failure;
  return new PulsarIoError(codeOf(known), `${doing}: ${withoutArguments(known.message).slice(0, 300)}`);
};
