import { PulsarIoError } from '../../core/errors.ts';
import type { SinkRecord } from '../../core/record.ts';
import { recordId } from '../record-id.ts';
import { failureOf, type SearchServer } from './connect.ts';
import { type Failure, itemError, requestError } from './errors.ts';

/** A write of one record. */
export interface Operation {
  /** Its place among the records of the write. */
  readonly at: number;
  readonly record: SinkRecord;
  readonly index: string;
  /** The lines of a bulk request. */
  readonly lines: string;
  readonly bytes: number;
}

/** What became of an operation: undefined: it is done, or a newer version is there. */
export type Outcome = PulsarIoError | undefined;

/** Limits of one bulk request; infinite where there is none. */
export interface BulkLimits {
  readonly operations: number;
  readonly bytes: number;
}

/** Operations in their order, in requests within the limits. */
export const inRequests = (operations: readonly Operation[], limits: BulkLimits): Operation[][] => {
  const requests: Operation[][] = [];
  let bytes = 0;
  for (const operation of operations) {
    const last = requests.at(-1);
    bytes += operation.bytes;
    if (last && last.length < limits.operations && bytes <= limits.bytes) last.push(operation);
    else {
      requests.push([operation]);
      bytes = operation.bytes;
    }
  }
  return requests;
};

/** Only what is needed to tell what became of each item. */
const QUERY =
  'filter_path=errors,status,error.type,error.reason,items.*.status,items.*.error.type,items.*.error.reason';

interface Item {
  readonly status: number;
  readonly error?: Failure;
}

/** Outcomes of operations in their order. Throws when the request as a whole failed. */
export const sendBulk = async (
  server: SearchServer,
  operations: readonly Operation[],
  doing: string,
  signal: AbortSignal,
): Promise<readonly Outcome[]> => {
  const lines = operations.map((it) => it.lines).join('');
  const { status, body } = await server.ask({ method: 'POST', path: '/_bulk', query: QUERY, lines }, doing, signal);
  if (status === 413) return sendHalves(server, operations, doing, signal);
  if (status >= 400) throw requestError(status, failureOf(body), doing);
  const items = itemsOf(body);
  if (items?.length !== operations.length)
    throw new PulsarIoError('PIO_SINK_MISCONFIGURED', `${doing}: the answer is not that to a bulk request`);
  return items.map((item, at) => outcomeOf(item, operations[at] as Operation));
};

/** The request is larger than the server takes; its largest record may fit alone. */
const sendHalves = async (
  server: SearchServer,
  operations: readonly Operation[],
  doing: string,
  signal: AbortSignal,
): Promise<readonly Outcome[]> => {
  if (operations.length === 1) return [itemError(413, {}, doingOf(operations[0] as Operation))];
  const half = operations.length >> 1;
  const first = await sendBulk(server, operations.slice(0, half), doing, signal);
  return [...first, ...(await sendBulk(server, operations.slice(half), doing, signal))];
};

const itemsOf = (body: unknown): Item[] | undefined => {
  const { items } = (typeof body === 'object' && body !== null ? body : {}) as { items?: unknown };
  if (!Array.isArray(items)) return undefined;
  const found = items.map((item) => Object.values(item as Record<string, Item>)[0]);
  return found.every((item) => typeof item?.status === 'number') ? (found as Item[]) : undefined;
};

const doingOf = ({ record, index }: Operation): string => `writing ${recordId(record)} to the index ${index}`;

/** Nothing is there to be deleted: 404 without an error. A newer version is there: 409, of versioned writes alone. */
const outcomeOf = ({ status, error }: Item, operation: Operation): Outcome => {
  if (error === undefined && (status < 300 || status === 404)) return undefined;
  if (status === 409 && error?.type === 'version_conflict_engine_exception') return undefined;
  const doing = doingOf(operation);
  // What is left of a deletion is ours, so the mapping is to blame.
  if (status === 400 && operation.record.value === null) return requestError(status, error, `${doing} as deleted`);
  return itemError(status, error ?? {}, doing);
};
