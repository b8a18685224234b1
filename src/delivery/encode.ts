import type middy from '@middy/core';
import { PulsarIoError, toPulsarIoError } from '../core/errors.ts';
import { isSequence } from '../core/position.ts';
import type { SourceRecord } from '../core/record.ts';
import { destinationFor, type OutputShape } from './output-shape.ts';
import type { RoutedMessage } from './output-topic.ts';
import { type SourceBatch, type SourceItem, unsettled } from './source-batch.ts';

const toMessage = (record: SourceRecord, shape: OutputShape): RoutedMessage => {
  if (!isSequence(record.sequence)) {
    throw new PulsarIoError('PIO_INTERNAL', `sequence ${record.sequence} is not an integer from 0 to 2^53-2`, {
      disposition: 'fatal',
    });
  }
  const destination = destinationFor(shape, record);
  return {
    value: shape.encode(record.value),
    sequenceId: record.sequence,
    ...(record.key !== undefined && { key: record.key }),
    ...(record.properties && { properties: record.properties }),
    ...(record.eventTimeMs !== undefined && { eventTimeMs: record.eventTimeMs }),
    ...(destination !== undefined && { destination }),
    ...(shape.takesSchemas && record.schema && { schema: record.schema }),
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
        const { shape } = batch.output;
        const record = shape.transform ? shape.transform(item.record) : item.record;
        if (record) item.message = toMessage(record, shape);
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
    await prepareAll(batch);
  },
});

/** In the order of the records, so that one that names a destination too many is the same one whenever they are read. */
const prepareAll = async (batch: SourceBatch): Promise<void> => {
  for (const item of unsettled(batch)) {
    const { message, error } = item;
    // Most have neither: nothing is waited for.
    const isPlain = message?.destination === undefined && message?.schema === undefined;
    if (message && !isPlain && !error) await prepare(batch, item, message);
  }
};

const prepare = async ({ output }: SourceBatch, item: SourceItem, message: RoutedMessage): Promise<void> => {
  try {
    item.message = await output.prepare(message);
  } catch (error) {
    if (!(error instanceof PulsarIoError) || error.code !== 'PIO_SOURCE_RECORD_INVALID') throw error;
    delete item.message;
    item.error = error;
  }
};
