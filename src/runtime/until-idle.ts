import type { RunContext, WorkEnd } from './run-deps.ts';

/**
 * Repeats `pass`, which resolves with the number of records that it moved, until nothing has come for as long as a run may idle, or the run is asked to
 * end. `pollMs`: the rest after a pass; undefined when there is nothing after the first. `maxFirstIdleMs`: how long it may idle before anything came.
 */
export const untilIdle = async (
  { control, deps }: RunContext,
  pollMs: number | undefined,
  pass: () => Promise<number>,
  { maxFirstIdleMs = deps.settings.idleMs } = {},
): Promise<WorkEnd> => {
  let idleSinceMs = deps.clock.monotonicMs();
  let mayIdleMs = maxFirstIdleMs;
  for (;;) {
    const moved = await pass();
    if (control.isStopping) return { end: 'stopped' };
    if (pollMs === undefined) return { end: 'finished' };
    if (moved > 0) {
      idleSinceMs = deps.clock.monotonicMs();
      mayIdleMs = deps.settings.idleMs;
    }
    const idleMs = deps.clock.monotonicMs() - idleSinceMs;
    if (idleMs + pollMs > mayIdleMs) return { end: 'idle', nextRunInMs: pollMs };
    await deps.clock.sleep(pollMs, control.stopSignal).catch(() => undefined);
    if (control.isStopping) return { end: 'stopped' };
  }
};
