import { PulsarIoError } from '../core/errors.ts';
import type { SourceProgress } from '../core/progress.ts';
import type { SourceRecord } from '../core/record.ts';
import { type SourceBatch, type SourceItem, unsettled } from './source-batch.ts';

/**
 * Commits the contiguous frontier of a batch: the position behind the last record before which all are settled.
 * A record that could be neither published nor dead-lettered stops the instance: passing it by would lose it. What waits behind one that was
 * dead-lettered is left for the next pass.
 */
export const commitSettled = async (batch: SourceBatch, change: Partial<SourceProgress> = {}): Promise<void> => {
  const firstUnsettled = batch.items.findIndex((item) => item.outcome === undefined);
  const settled = firstUnsettled < 0 ? batch.items.length : firstUnsettled;
  if (settled > 0) {
    const { position, sequence } = (batch.items[settled - 1] as SourceItem).record;
    await batch.checkpoint.commit({ position, sequence, ...change });
  }
  requireUnblocked(batch);
};

/** Throws when the first record that is left could be neither published nor dead-lettered. */
export const requireUnblocked = (batch: SourceBatch): void => {
  const [first] = unsettled(batch);
  if (first?.error) throw blockedError(batch, first.record, first.error);
};

const blockedError = (batch: SourceBatch, record: SourceRecord, error: PulsarIoError): PulsarIoError => {
  const where = `record with sequence ${record.sequence} of source partition ${batch.sourcePartition}`;
  const advice = 'mend it and restart, or set "deadLetterTopic" in customRuntimeOptions to move such records aside';
  return new PulsarIoError(error.code, `${where} cannot be published (${error.message}); ${advice}`, {
    cause: error,
    disposition: error.disposition === 'retry' ? 'retry' : 'fatal',
  });
};
