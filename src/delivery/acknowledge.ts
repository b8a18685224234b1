import { isSettled } from '../core/frontier.ts';
import { isSettledItem, laneOf, pending, type SinkBatch, type SinkItem, settledPrefix } from './sink-batch.ts';

/**
 * Tells the broker what is settled: cumulatively where the subscription keeps order, one by one elsewhere. Nothing waits for the answer:
 * an acknowledgement only spares a redelivery.
 */
export const acknowledgeSettled = async (batch: SinkBatch): Promise<void> => {
  if (batch.order === 'topic') {
    const settled = settledPrefix(batch);
    if (settled > 0) await batch.consumer.ackCumulative((batch.records[settled - 1] as SinkItem).record.messageId);
    return;
  }
  const ids = batch.records.filter(isSettledItem).map(({ record }) => record.messageId);
  if (ids.length > 0) await batch.consumer.ackIndividual(ids);
};

/** Leaves failed records to the broker, which delivers them again after the negative-acknowledgement delay. */
export const handBackFailed = (batch: SinkBatch): void => {
  for (const item of pending(batch)) item.outcome = 'handed-back';
};

/**
 * Where order is kept, what was written although a record before it failed is written again behind that one: the last effect is then the last record's.
 * It would be delivered again anyway, if the run ended here. What goes aside with the dead letter of its key is not written any more, so nothing waits for it.
 */
export const holdBackFollowing = (batch: SinkBatch): void => {
  const { order, records, book } = batch;
  if (order === 'none') return;
  const failed = new Set<string | undefined>();
  for (const item of records) {
    const lane = laneOf(batch, item);
    if (item.outcome === undefined) {
      if (!book?.holdsBack(item.record.key)) failed.add(lane);
    } else if (item.outcome === 'written' && failed.has(lane)) delete item.outcome;
  }
};

/** Acknowledges what lies at or below our own frontier, never more: the subscription must not run ahead of it. */
export const acknowledgeFrontier = async (batch: SinkBatch): Promise<void> => {
  const { frontier, records, consumer } = batch;
  const last = frontier && records.findLast(({ record }) => isSettled(record.messageId, frontier.current));
  if (last) await consumer.ackCumulative(last.record.messageId);
};
