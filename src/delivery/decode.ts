import type middy from '@middy/core';
import { PulsarIoError } from '../core/errors.ts';
import { parseWithBigInts } from '../core/exact-json.ts';
import { formatMessageId } from '../core/message-id.ts';
import type { SinkRecord } from '../core/record.ts';
import { pending, type SinkBatch } from './sink-batch.ts';

/** Form of the value that a sink type takes. */
export type Accepts = 'bytes' | 'text' | 'fields';

/**
 * Gives every record its `value` in the form the sink takes. A message that cannot be read so is rejected; the others go on.
 * Integers that a double cannot hold arrive as BigInt.
 */
export const decode = (accepts: Accepts): middy.MiddlewareObj<SinkBatch, void> => ({
  before: async ({ event: batch }): Promise<void> => {
    for (const item of pending(batch)) {
      if (item.error || item.isDecoded) continue;
      try {
        item.record = decodeRecord(item.record, accepts);
        item.isDecoded = true;
      } catch (error) {
        item.error = error as PulsarIoError;
        item.lastError = item.error;
        item.attempts += 1;
        batch.counters.systemException(item.error);
      }
    }
  },
});

/** The record with its `value` in that form. Throws `PIO_RECORD_UNREADABLE`. */
export const decodeRecord = (record: SinkRecord, accepts: Accepts): SinkRecord => {
  try {
    return { ...record, value: decodeValue(record, accepts) };
  } catch (cause) {
    throw unreadable(record, accepts, cause);
  }
};

const decodeValue = ({ bytes, unreadable: reason }: SinkRecord, accepts: Accepts): unknown => {
  if (reason !== undefined) throw new TypeError(reason);
  if (bytes === null || accepts === 'bytes') return bytes;
  const text = utf8.decode(bytes);
  return accepts === 'text' ? text : parseFields(text);
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

const parseFields = (text: string): object => {
  const value = parseWithBigInts(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new TypeError('it is JSON, but not an object with fields');
};

const unreadable = (record: SinkRecord, accepts: Accepts, cause: unknown): PulsarIoError => {
  const { topic, messageId, unreadable: reason } = record;
  const wanted = accepts === 'fields' ? 'a JSON object' : 'UTF-8 text';
  const problem = reason === undefined ? `is not ${wanted}` : `cannot be read: ${reason}`;
  const message = `message ${formatMessageId(messageId)} of ${topic} ${problem}`;
  return new PulsarIoError('PIO_RECORD_UNREADABLE', message, { cause });
};
