import type { RunContext, WorkEnd } from './run-deps.ts';

/**
 * Repeats `pass`, which resolves with the number of records that it moved, until nothing has come for as long as a run may idle, or the run is asked to
 * end. `pollMs`: the rest after a pass; undefined when there is nothing after the first.
 */
export const untilIdle = async (
  { control, deps }: RunContext,
  pollMs: number | undefined,
  pass: () => Promise<number>,
): Promise<WorkEnd> => {
  let idleSinceMs = deps.clock.monotonicMs();
  for (;;) {
    const moved = await pass();
    if (control.isStopping) return { end: 'stopped' };
    if (pollMs === undefined) return { end: 'finished' };
    if (moved > 0) idleSinceMs = deps.clock.monotonicMs();
    const idleMs = deps.clock.monotonicMs() - idleSinceMs;
    if (idleMs + pollMs > deps.settings.idleMs) return { end: 'idle', nextRunInMs: pollMs };
    await deps.clock.sleep(pollMs, control.stopSignal).catch(() => undefined);
    if (control.isStopping) return { end: 'stopped' };
  }
};
