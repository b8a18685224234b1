import type middy from '@middy/core';
import { PulsarIoError, toPulsarIoError } from '../core/errors.ts';
import type { OutgoingMessage } from '../core/messaging.ts';
import { isSequence } from '../core/position.ts';
import type { SourceRecord } from '../core/record.ts';
import type { OutputShape } from './output-shape.ts';
import { type SourceBatch, unsettled } from './source-batch.ts';

const toMessage = (record: SourceRecord, encodeAs: OutputShape['encode']): OutgoingMessage => {
  if (!isSequence(record.sequence)) {
    throw new PulsarIoError('PIO_INTERNAL', `sequence ${record.sequence} is not an integer from 0 to 2^53-2`, {
      disposition: 'fatal',
    });
  }
  return {
    value: encodeAs(record.value),
    sequenceId: record.sequence,
    ...(record.key !== undefined && { key: record.key }),
    ...(record.properties && { properties: record.properties }),
    ...(record.eventTimeMs !== undefined && { eventTimeMs: record.eventTimeMs }),
  };
};

/** Gives every record the form in which it is published. One that its source calls invalid, or that cannot be encoded, gets its error instead. */
export const encode = (): middy.MiddlewareObj<SourceBatch, void> => ({
  before: async ({ event: batch }): Promise<void> => {
    for (const item of unsettled(batch)) {
      try {
        if (item.record.error) throw item.record.error;
        if (item.message) continue;
        if (item.record.isMark) {
          item.outcome = 'filtered';
          continue;
        }
        const { transform, encode: encodeAs } = batch.output.shape;
        const record = transform ? transform(item.record) : item.record;
        if (record) item.message = toMessage(record, encodeAs);
        else item.outcome = 'filtered';
      } catch (error) {
        item.error = toPulsarIoError(
          error,
          'PIO_SOURCE_RECORD_INVALID',
          `encoding a record of ${batch.sourcePartition}`,
        );
        if (item.error.code === 'PIO_INTERNAL') throw item.error;
      }
    }
  },
});
