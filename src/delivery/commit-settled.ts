import { PulsarIoError } from '../core/errors.ts';
import type { SourceProgress } from '../core/progress.ts';
import { type SourceBatch, type SourceItem, unsettled } from './source-batch.ts';

/**
 * Commits the contiguous frontier of a batch: the position behind the last record before which all are settled.
 * A record that could be neither published nor dead-lettered stops the instance: passing it by would lose it.
 */
export const commitSettled = async (batch: SourceBatch, change: Partial<SourceProgress> = {}): Promise<void> => {
  const firstUnsettled = batch.items.findIndex((item) => item.outcome === undefined);
  const settled = firstUnsettled < 0 ? batch.items.length : firstUnsettled;
  if (settled > 0) {
    const { position, sequence } = (batch.items[settled - 1] as SourceItem).record;
    await batch.checkpoint.commit({ position, sequence, ...change });
  }
  const [blocked] = unsettled(batch);
  if (blocked) throw blockedError(batch, blocked);
};

const blockedError = (batch: SourceBatch, { record, error }: SourceItem): PulsarIoError => {
  const where = `record with sequence ${record.sequence} of source partition ${batch.sourcePartition}`;
  const advice =
    'set "deadLetterTopic" in customRuntimeOptions to move such records aside, or reset the position past it';
  return new PulsarIoError(
    error?.code ?? 'PIO_INTERNAL',
    `${where} cannot be published (${error?.message ?? 'no outcome'}); ${advice}`,
    { cause: error, disposition: 'fatal' },
  );
};
