import type middy from '@middy/core';
import type { DeadLetters } from './dead-letters.ts';
import { publishSinkLetter, publishSourceLetter, sinkLetter } from './letters.ts';
import { moveFrontier, pending, type SinkBatch, type SinkItem, settledPrefix } from './sink-batch.ts';
import { type SourceBatch, unsettled } from './source-batch.ts';

/**
 * Moves what the target will never take, or did not take in `maxRetries` attempts, to the dead-letter topic. Where letters are deduplicated by their
 * place in the log, only once all before it is settled: an older one that came later would be taken for known (rule 38).
 * Other failures are forgotten, so that the next pass tries again; only a message that could not be read is not read again.
 */
export const deadLetterSink = (subscription: string): middy.MiddlewareObj<SinkBatch, void> => ({
  before: async ({ event: batch }): Promise<void> => {
    if (!batch.deadLetters || !batch.book) return;
    for (const item of pending(batch)) {
      const refusal = batch.book.refusal(item);
      if (refusal) item.error = refusal;
    }
  },
  after: async ({ event: batch }): Promise<void> => {
    const { deadLetters } = batch;
    let mustWait = false;
    for (const item of pending(batch)) {
      if (item.error && deadLetters && isExhausted(batch, item)) {
        if (batch.book?.staysInPlace?.(item)) return;
        if (!mustWait) await moveAside(batch, item, deadLetters, subscription);
        continue;
      }
      mustWait = deadLetters?.isDeduplicated === true;
      if (item.error?.code !== 'PIO_RECORD_UNREADABLE') delete item.error;
    }
  },
});

const isExhausted = ({ maxRetries }: SinkBatch, { error, attempts }: SinkItem): boolean =>
  error?.disposition === 'reject' || (maxRetries !== undefined && attempts > maxRetries);

/** First what was written before is committed, then it is written down that this is a letter: so all between the frontier and there are letters. */
const moveAside = async (
  batch: SinkBatch,
  item: SinkItem,
  deadLetters: DeadLetters,
  subscription: string,
): Promise<void> => {
  if (batch.book) {
    if (batch.frontier && !batch.commitsInTarget) await moveFrontier(batch, settledPrefix(batch));
    await batch.book.decide(item);
  }
  const letter = sinkLetter(deadLetters.uid, subscription, batch.topic, item);
  await publishSinkLetter(deadLetters, batch, item, letter);
  item.outcome = 'dead-lettered';
  if (batch.book?.holdsBack(item.record.key)) takeBackFollowing(batch, item);
};

/** What this pass wrote of the key although it lies behind the letter is sent after it: the last effect is then the last record's. */
const takeBackFollowing = ({ records }: SinkBatch, { record: { key } }: SinkItem): void => {
  const letter = records.findIndex((item) => item.outcome === 'dead-lettered' && item.record.key === key);
  for (const item of records.slice(letter)) {
    if (item.record.key === key && item.outcome === 'written') delete item.outcome;
  }
};

/**
 * Moves source records that cannot be published as they are to the dead-letter topic, after those before them have their receipts: in the order
 * of their sequences, by which the letters are deduplicated.
 */
export const deadLetterSource = (): middy.MiddlewareObj<SourceBatch, void> => ({
  after: async ({ event: batch }): Promise<void> => {
    for (const item of unsettled(batch)) {
      if (item.error?.disposition !== 'reject' || !batch.deadLetters) return;
      await publishSourceLetter(batch.deadLetters, batch, item);
      item.outcome = 'dead-lettered';
    }
  },
});
