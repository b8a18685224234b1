import type middy from '@middy/core';
import { PulsarIoError } from '../core/errors.ts';
import type { QueuePort } from './queue-port.ts';
import { type SourceBatch, type SourceItem, unsettled } from './source-batch.ts';

/** ATLEAST_ONCE of a queue source: publish, broker receipt, then settle. What cannot be published stays in the queue, whose own rules decide on it. */
export const queueAtLeastOnce = (): middy.MiddlewareObj<SourceBatch, void> => {
  const settled = new WeakSet<SourceItem>();
  const settlePublished = async (batch: SourceBatch): Promise<void> => {
    const fresh = batch.items.filter((item) => isThrough(item) && !settled.has(item));
    if (fresh.length === 0) return;
    await portOf(batch).settle(fresh);
    for (const item of fresh) settled.add(item);
  };
  return {
    after: async ({ event: batch }): Promise<void> => {
      leaveFailed(batch);
      await settlePublished(batch);
    },
    // What has its receipt although the batch failed need not come again; if that fails too, it does.
    onError: async ({ event: batch }): Promise<void> => settlePublished(batch).catch(() => undefined),
  };
};

/** Also what a transformation dropped is claimed and settled: else it would come again for ever. */
const isOpen = ({ outcome }: SourceItem): boolean => outcome === undefined || outcome === 'filtered';

const isThrough = ({ outcome }: SourceItem): boolean =>
  outcome === 'published' || outcome === 'dead-lettered' || outcome === 'filtered';

/**
 * ATMOST_ONCE of a queue source (GUARANTEES rule 35): a tombstone first, then settle, then publish once. It is the tombstone that keeps the promise: a queue may give a
 * message again although it was settled, or to two receivers at once.
 */
export const queueAtMostOnce = (): middy.MiddlewareObj<SourceBatch, void> => {
  const claimed = new WeakSet<SourceItem>();
  const drop = (batch: SourceBatch, isGivenUp: (item: SourceItem) => boolean): void => {
    for (const item of unsettled(batch)) if (claimed.has(item) && isGivenUp(item)) item.outcome = 'dropped';
  };
  return {
    before: async ({ event: batch }): Promise<void> => {
      const fresh = batch.items.filter((item) => isOpen(item) && !claimed.has(item));
      if (fresh.length === 0) return;
      const port = portOf(batch);
      for (const item of await port.claim(fresh)) item.outcome = 'repeated';
      for (const item of fresh) claimed.add(item);
      await port.settle(fresh).catch((error: Error) => batch.counters.connectorException(error));
    },
    after: async ({ event: batch }): Promise<void> =>
      drop(batch, ({ error }) => error !== undefined && !(batch.deadLetters && error.disposition === 'reject')),
    onError: async ({ event: batch }): Promise<void> => drop(batch, () => true),
  };
};

/** Leaves in the queue what cannot be published, and with an order what follows it under the same key: it comes again when the queue shows it again. */
export const leaveFailed = (batch: Pick<SourceBatch, 'items' | 'counters' | 'queue' | 'deadLetters'>): void => {
  const held = new Set<string>();
  for (const item of batch.items) {
    const { error, record, outcome } = item;
    if (outcome !== undefined) continue;
    const isFailed = error !== undefined && !(batch.deadLetters && error.disposition === 'reject');
    const isBehind = batch.queue?.isOrdered && record.key !== undefined && held.has(record.key);
    if (!isFailed && !isBehind) continue;
    item.outcome = 'left';
    if (isFailed) batch.counters.connectorException(error);
    if (record.key !== undefined) held.add(record.key);
  }
};

const portOf = ({ queue, sourcePartition }: SourceBatch): QueuePort => {
  if (queue) return queue;
  throw new PulsarIoError('PIO_INTERNAL', `the batch of ${sourcePartition} has no queue to settle with`);
};
