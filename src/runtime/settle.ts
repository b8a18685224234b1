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
  let vainPasses = 0;
  for (;;) {
    const left = pending(batch).length;
    await pipeline(batch);
    if (isDone(batch) || endsInPlace(batch)) return;
    vainPasses = pending(batch).length < left ? 0 : vainPasses + 1;
    if (vainPasses === 0) continue;
    await restBehind(batch, vainPasses, context);
    if (context.control.isStopping) throw stuck(batch);
  }
};

/**
 * Waits behind that many tries in a row in which the target took nothing, the last of them with this batch; a run that is asked to end does not wait. Throws the batch's last
 * failure where the wait gets longer than a run may.
 */
export const restBehind = async (batch: SinkBatch, inVain: number, { deps, control }: RunContext): Promise<void> => {
  const { clock, settings, random } = deps;
  const waitMs = backoffMs(inVain, settings.backoff, random);
  if (waitMs > settings.maxWaitInRunMs) throw stuck(batch);
  await clock.sleep(waitMs, control.stopSignal).catch(() => undefined);
};

/** True for what the target did not take, and is left to the broker or given up. */
export const isLeft = (outcome: SinkOutcome | undefined): boolean => outcome === 'handed-back' || outcome === 'dropped';

/** The last failure of a batch of which something is left. */
const stuck = (batch: SinkBatch): PulsarIoError => {
  const last = batch.records.findLast(
    ({ outcome, lastError }) => (outcome === undefined || isLeft(outcome)) && lastError,
  )?.lastError;
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
