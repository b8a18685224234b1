import type { ErrorCode } from '../../core/error-codes.ts';
import { PulsarIoError } from '../../core/errors.ts';

/** An error in an answer: of the whole request, or of one of its items. */
export interface Failure {
  readonly type?: string;
  readonly reason?: string;
}

/** Types of errors with status 400 that blame the index, not the document. */
const BLAMES_INDEX = ['index_closed_exception', 'invalid_index_name_exception'];

/** What a status means for a document that was sent with others: 400 is its own fault. */
const codeOfItem = (status: number, type: string): ErrorCode => {
  if (status === 413) return 'PIO_RECORD_TOO_LARGE';
  return status === 400 && !BLAMES_INDEX.includes(type) ? 'PIO_SINK_REJECTED' : codeOfRequest(status);
};

/** What a status means for a request: busy and broken servers heal, the rest is for an operator. */
const codeOfRequest = (status: number): ErrorCode =>
  status === 408 || status === 429 || status >= 500 ? 'PIO_SINK_UNAVAILABLE' : 'PIO_SINK_MISCONFIGURED';

/** Field and type of a document that does not fit the mapping. */
const FIELD = /^failed to parse field \[([\w.@-]{1,100})\] of type \[(\w{1,40})\]/;

/** Statuses whose text names users, rights and indices. That of others may quote the document: what does not fit, or the whole request of a shard that is away. */
const NAMES_ONLY = [401, 403, 404];

const reasonOf = (status: number, { type = '', reason = '' }: Failure): string => {
  if (NAMES_ONLY.includes(status)) return `${status} (${type}: ${reason.slice(0, 300)})`;
  const [, field, ofType] = FIELD.exec(reason) ?? [];
  const mapped = field === undefined ? '' : `, the field ${field} is of type ${ofType}`;
  return type === '' ? String(status) : `${status} (${type}${mapped})`;
};

/** The error of one item of a bulk request. */
export const itemError = (status: number, failure: Failure, doing: string): PulsarIoError => {
  const code = codeOfItem(status, failure.type ?? '');
  const what = code === 'PIO_SINK_REJECTED' ? 'the server refuses the document' : 'the server answers';
  return new PulsarIoError(code, `${doing}: ${what} ${reasonOf(status, failure)}`);
};

/** The error of a request as a whole. */
export const requestError = (status: number, failure: Failure | undefined, doing: string): PulsarIoError =>
  new PulsarIoError(codeOfRequest(status), `${doing}: the server answers ${reasonOf(status, failure ?? {})}`);

/** The client's errors have no codes; of TLS' the text says what does not fit. */
const isTls = (message: string): boolean => /certificate|altnames|SSL|TLS|EPROTO/.test(message);

/** An error of the client, which got no answer. */
export const connectionError = (error: unknown, doing: string): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  const { name = 'Error', message = '' } = error as Partial<Error>;
  const code = isTls(message) ? 'PIO_SINK_MISCONFIGURED' : 'PIO_SINK_UNAVAILABLE';
  return new PulsarIoError(code, `${doing}: ${name}: ${message.slice(0, 300)}`);
};
