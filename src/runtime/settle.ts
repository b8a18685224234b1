import { backoffMs } from '../core/backoff.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { Pipeline } from '../delivery/pipeline.ts';
import { isDone, type SinkBatch } from '../delivery/sink-batch.ts';
import type { RunContext } from './run-deps.ts';

/**
 * Passes a batch through the pipeline until all of it is settled, with a growing pause between passes. Gives up, with the batch unsettled and its records read
 * again later, when the run is asked to end (`PIO_ABORTED`) or the pause gets longer than a run may wait: then with the last failure.
 */
export const settle = async (batch: SinkBatch, pipeline: Pipeline<SinkBatch>, context: RunContext): Promise<void> => {
  const { clock, settings } = context.deps;
  await pipeline(batch);
  for (let passes = 1; !isDone(batch); passes++) {
    const waitMs = backoffMs(passes, settings.backoff);
    if (waitMs > settings.maxWaitInRunMs) throw stuck(batch);
    await clock.sleep(waitMs, context.control.stopSignal).catch(() => undefined);
    if (context.control.isStopping)
      throw new PulsarIoError('PIO_ABORTED', `the run ended while records of ${batch.topic} waited for a retry`);
    await pipeline(batch);
  }
};

const stuck = (batch: SinkBatch): PulsarIoError => {
  const last = batch.records.findLast(({ outcome, lastError }) => outcome === undefined && lastError)?.lastError;
  const advice = last?.disposition === 'reject' ? ' (set deadLetterTopic to move such records aside)' : '';
  return new PulsarIoError(
    last?.code ?? 'PIO_SINK_UNAVAILABLE',
    `${last?.message ?? `records of ${batch.topic} stay unsettled`}${advice}`,
    {
      cause: last,
      disposition: 'retry',
    },
  );
};
