import { PulsarIoError } from '../core/errors.ts';
import type { SourceRecord } from '../core/record.ts';
import type { DeadLetters } from '../delivery/dead-letters.ts';
import type { OutputTopics } from '../delivery/output-topic.ts';
import type { Pipeline } from '../delivery/pipeline.ts';
import { type SourceBatch, toItems } from '../delivery/source-batch.ts';
import type { SourceCheckpoint } from '../delivery/source-checkpoint.ts';
import { readAhead } from './read-ahead.ts';
import { guaranteeOf, type SourcePartitionContext } from './source-partition.ts';

/** Moves page after page of what the partition has through the pipeline, up to and including sequence `limit` when one is given; resolves with the number of records read. */
export const pump = async (
  context: SourcePartitionContext,
  checkpoint: SourceCheckpoint,
  output: OutputTopics,
  pipeline: Pipeline<SourceBatch>,
  deadLetters: DeadLetters | undefined,
  limit?: number,
): Promise<number> => {
  const { control, counters, pace, deps } = context;
  let read = 0;
  for await (const page of readAhead((signal) => pagesOf(context, checkpoint, signal), control.stopSignal)) {
    if (control.isStopping || context.isHalted()) break;
    const records = limit === undefined ? page : page.filter(({ sequence }) => sequence <= limit);
    if (records.length > 0) requireNoGap(context, page, checkpoint, output);
    for (let from = 0; from < records.length; ) {
      if (from > 0 && (control.isStopping || context.isHalted())) return read;
      const begunMs = deps.clock.monotonicMs();
      const some = records.slice(from, from + pace.batchRecords(records.length));
      from += some.length;
      read += some.length;
      counters.received(some.length);
      await pipeline(batchOf(context, some, checkpoint, output, deadLetters));
      counters.partitions.reached(context.partition, checkpoint.progress, counters.nowMs);
      await context.source.committed?.(context.partition, checkpoint.progress, control.signal);
      await pace.spent(some.length, deps.clock.monotonicMs() - begunMs, control.stopSignal);
    }
    if (records.length < page.length) break;
  }
  return read;
};

/** Where records vanished, those that follow cannot be told from those in doubt: their sequences may have been others'. */
const requireNoGap = (
  context: SourcePartitionContext,
  [first]: readonly SourceRecord[],
  { progress }: SourceCheckpoint,
  { outputs }: OutputTopics,
): void => {
  const isInDoubt = outputs.some(({ lastSequence }) => lastSequence > progress.sequence);
  if (!first?.mayFollowGap || !isInDoubt || !guaranteeOf(context).resumes) return;
  throw new PulsarIoError(
    'PIO_PROGRESS_UNCERTAIN',
    `what followed the position of source partition ${context.partition} may have expired, while records behind it may be published already; stop this source and PUT its positions to go on from there, or POST to them to read what is left`,
  );
};

/** What the source has after the position. A kind stop ends it without failure: a page that nobody took is read again. */
async function* pagesOf(
  { source, partition, control }: SourcePartitionContext,
  { progress }: SourceCheckpoint,
  signal: AbortSignal,
): AsyncGenerator<readonly SourceRecord[], void, void> {
  try {
    yield* source.read(partition, progress.position ?? undefined, signal);
  } catch (error) {
    if (!signal.aborted || control.signal.aborted) throw error;
  }
}

const batchOf = (
  { partition, counters, control }: SourcePartitionContext,
  records: readonly SourceRecord[],
  checkpoint: SourceCheckpoint,
  output: OutputTopics,
  deadLetters: DeadLetters | undefined,
): SourceBatch => ({
  sourcePartition: partition,
  items: toItems(records),
  output,
  checkpoint,
  deadLetters,
  counters,
  signal: control.signal,
});
