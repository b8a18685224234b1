import { after } from '../core/clock.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { RunRequest } from '../core/run-request.ts';
import type { RunControl } from './run-control.ts';
import type { RunDeps } from './run-deps.ts';

/** How much time the invocation has left: `context.getRemainingTimeInMillis` of Lambda. */
export type RemainingMs = () => number;

/**
 * Arms what happens towards the deadline: the successor is invoked, then no batch is begun any more, then everything is aborted. A run that
 * begins with less time than that invites nobody: each would invite the next at once. Nor does one without `hasSuccessor`: the dispatcher starts another by the backlog.
 */
export const armDeadline = (
  request: RunRequest,
  remainingMs: RemainingMs,
  control: RunControl,
  deps: RunDeps,
  hasSuccessor = true,
): Disposable => {
  const { handOverLeadMs, stopMarginMs, abortMarginMs } = deps.settings;
  const timers = new DisposableStack();
  const at = (leadMs: number, act: () => void) => timers.use(after(deps.clock, remainingMs() - leadMs, act));
  if (hasSuccessor && remainingMs() > handOverLeadMs)
    at(handOverLeadMs, () => void inviteSuccessor(request, control, deps));
  at(stopMarginMs, () => control.stop('deadline'));
  at(abortMarginMs, () => {
    const problem = `run of ${request.name}/${request.instance} reached its deadline`;
    control.abort('deadline', new PulsarIoError('PIO_RUN_TIMEOUT', problem));
  });
  return timers;
};

const inviteSuccessor = async (request: RunRequest, control: RunControl, deps: RunDeps): Promise<void> => {
  if (control.isStopping) return;
  const notAfterMs = deps.clock.nowMs() + deps.settings.handOverWaitMs;
  await deps.invokeRun({ ...request, notAfterMs, handOver: true }).catch((error) => {
    deps.log.warn('the successor could not be invoked; the dispatcher will start one', { error: String(error) });
  });
};
