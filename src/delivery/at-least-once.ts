import type middy from '@middy/core';
import { acknowledgeSettled, handBackFailed, holdBackFollowing } from './acknowledge.ts';
import { commitSettled } from './commit-settled.ts';
import type { SinkBatch } from './sink-batch.ts';
import type { SourceBatch } from './source-batch.ts';

/** ATLEAST_ONCE of a source: publish, broker receipt, then commit the contiguous frontier. A crash between the two repeats a suffix. */
export const atLeastOnceSource = (): middy.MiddlewareObj<SourceBatch, void> => ({
  before: async ({ event: batch }): Promise<void> => {
    batch.stopsAtFailure = batch.deadLetters === undefined;
  },
  after: async ({ event: batch }): Promise<void> => commitSettled(batch, { clean: true }),
});

/** ATLEAST_ONCE of a sink: write, then acknowledge what is settled; what failed is handed back to the broker or kept for a retry. */
export const atLeastOnceSink = (): middy.MiddlewareObj<SinkBatch, void> => ({
  before: async ({ event: batch }): Promise<void> => {
    // Others take again what follows a failed record, behind it; this one knows it.
    batch.writesInTurn = batch.route === 'idempotent' && batch.order !== 'none';
  },
  after: async ({ event: batch }): Promise<void> => {
    holdBackFollowing(batch);
    await acknowledgeSettled(batch);
    if (batch.order === 'none') handBackFailed(batch);
  },
});
