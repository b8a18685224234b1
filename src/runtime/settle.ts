import { backoffMs } from '../core/backoff.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { Pipeline } from '../delivery/pipeline.ts';
import { endsInPlace, isDone, pending, type SinkBatch, type SinkOutcome } from '../delivery/sink-batch.ts';
import type { RunContext } from './run-deps.ts';

/**
 * Passes a batch through the pipeline until all of it is settled, with a growing pause after each pass that settled nothing. Gives up, with the batch unsettled and its records read
 * again later, when the run is asked to end or the pause gets longer than a run may wait: with the last failure, so that the status shows it.
 */
export const settle = async (batch: SinkBatch, pipeline: Pipeline<SinkBatch>, context: RunContext): Promise<void> => {
  const { clock, settings, random } = context.deps;
  let vainPasses = 0;
  for (;;) {
    const left = pending(batch).length;
    await pipeline(batch);
    if (isDone(batch) || endsInPlace(batch)) return;
    vainPasses = pending(batch).length < left ? 0 : vainPasses + 1;
    if (vainPasses === 0) continue;
    const waitMs = backoffMs(vainPasses, settings.backoff, random);
    if (waitMs > settings.maxWaitInRunMs) throw stuck(batch);
    await clock.sleep(waitMs, context.control.stopSignal).catch(() => undefined);
    if (context.control.isStopping) throw stuck(batch);
  }
};

const isUnwritten = (outcome: SinkOutcome | undefined): boolean =>
  outcome === undefined || outcome === 'handed-back' || outcome === 'dropped';

/** The last failure of a batch of which something is left. */
export const stuck = (batch: SinkBatch): PulsarIoError => {
  const last = batch.records.findLast(({ outcome, lastError }) => isUnwritten(outcome) && lastError)?.lastError;
  const advice =
    last?.disposition === 'reject' ? ' (set maxMessageRetries and deadLetterTopic to move such records aside)' : '';
  return new PulsarIoError(
    last?.code ?? 'PIO_SINK_UNAVAILABLE',
    `${last?.message ?? `records of ${batch.topic} stay unsettled`}${advice}`,
    {
      cause: last,
      disposition: 'retry',
    },
  );
};
