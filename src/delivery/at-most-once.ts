import type middy from '@middy/core';
import { acknowledgeFrontier } from './acknowledge.ts';
import { dropFailed, moveFrontier, type SinkBatch } from './sink-batch.ts';
import { lastRecord, type SourceBatch, type SourceItem, unsettled } from './source-batch.ts';

/** ATMOST_ONCE of a source: commit the position behind the batch first, then publish once. What fails or is in doubt is dropped and counted. */
export const atMostOnceSource = (): middy.MiddlewareObj<SourceBatch, void> => ({
  before: async ({ event: batch }): Promise<void> => {
    const { position, sequence } = lastRecord(batch);
    await batch.checkpoint.commit({ position, sequence, clean: true });
  },
  after: async ({ event: batch }): Promise<void> => {
    // What was not tried yet because it waits behind a failed record is published by the next pass.
    drop(batch, ({ error }) => error !== undefined && !(batch.deadLetters && error.disposition === 'reject'));
  },
  onError: async ({ event: batch }): Promise<void> => drop(batch, () => true),
});

/** Only what is committed is given up: when the commit itself failed, the batch is read again. */
const drop = (batch: SourceBatch, isGivenUp: (item: SourceItem) => boolean): void => {
  for (const item of unsettled(batch)) {
    if (isGivenUp(item) && item.record.sequence <= batch.checkpoint.progress.sequence) item.outcome = 'dropped';
  }
};

/**
 * ATMOST_ONCE of a sink: move our own frontier past the batch first, then write once. The acknowledgement is only cleanup:
 * it is not durable (GUARANTEES rule 24), so a redelivery is recognised by the frontier.
 */
export const atMostOnceSink = (): middy.MiddlewareObj<SinkBatch, void> => ({
  before: async ({ event: batch }): Promise<void> => {
    batch.writesOnce = true;
    await moveFrontier(batch, batch.records.length);
  },
  after: async ({ event: batch }): Promise<void> => {
    dropFailed(batch);
    await acknowledgeFrontier(batch);
  },
  onError: async ({ event: batch }): Promise<void> => dropFailed(batch),
});
