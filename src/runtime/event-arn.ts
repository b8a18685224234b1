import { eventbridgeName } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';

/** The one queue or stream that all records of an event of an event source mapping are of. Throws `PIO_REQUEST_INVALID`. */
export const eventArn = (event: unknown, what: 'queue' | 'stream'): string => {
  const records: unknown = (event as { Records?: unknown } | null)?.Records;
  const arns = new Set(
    Array.isArray(records) ? records.map((record) => (record as { eventSourceARN?: unknown })?.eventSourceARN) : [],
  );
  const [arn] = arns;
  if (arns.size === 1 && typeof arn === 'string' && arn !== '') return arn;
  throw new PulsarIoError(
    'PIO_REQUEST_INVALID',
    `this is not an event of one ${what}: its records name no eventSourceARN, or several`,
  );
};

/** The same of an event that may be one of EventBridge as well, which is known by its source. */
export const queueOrBusArn = (event: unknown): string => {
  const { Records, source, 'detail-type': detailType } = (event ?? {}) as Readonly<Record<string, unknown>>;
  const isOfBus = Records === undefined && typeof detailType === 'string' && typeof source === 'string';
  return isOfBus ? eventbridgeName(source) : eventArn(event, 'queue');
};
