import type middy from '@middy/core';
import { isSettledItem, type SinkBatch, type SinkItem } from './sink-batch.ts';
import type { SourceBatch } from './source-batch.ts';

interface Counted {
  readonly outcome?: string;
}

const count = (items: readonly Counted[], outcome: string): number => {
  let found = 0;
  for (const item of items) if (item.outcome === outcome) found += 1;
  return found;
};

/** Counts what became of a source batch, once per record over all passes. Use it first: outermost. */
export const observeSource = (): middy.MiddlewareObj<SourceBatch, void> => {
  const seen = new WeakSet<object>();
  const note = async ({ event: { counters, items } }: { event: SourceBatch }): Promise<void> => {
    const fresh = items.filter((item) => item.outcome !== undefined && !seen.has(item));
    for (const item of fresh) seen.add(item);
    counters.written(count(fresh, 'published'));
    counters.deadLettered(count(fresh, 'dead-lettered'));
    counters.dropped(count(fresh, 'dropped'));
  };
  return { after: note, onError: note };
};

/** Counts what became of a sink batch, once per record over all passes. Use it first: outermost. */
export const observeSink = (): middy.MiddlewareObj<SinkBatch, void> => {
  const seen = new WeakSet<object>();
  const note = async ({ event: batch }: { event: SinkBatch }): Promise<void> => {
    const { counters, records } = batch;
    for (const item of records) noteFailing(batch, item);
    const fresh = records.filter((item) => item.outcome !== undefined && !seen.has(item));
    for (const item of fresh) seen.add(item);
    const written = count(fresh, 'written');
    counters.written(written);
    if (batch.isRedrive) return counters.sentBack(written);
    counters.deadLettered(count(fresh, 'dead-lettered'));
    counters.dropped(count(fresh, 'dropped'));
  };
  return { after: note, onError: note };
};

const noteFailing = ({ counters, topic }: SinkBatch, item: SinkItem): void => {
  const { messageId } = item.record;
  if (isSettledItem(item)) counters.failing.settled(topic, messageId);
  else if (item.lastError) counters.failing.failed(topic, messageId, item.attempts, item.lastError, counters.nowMs);
};
