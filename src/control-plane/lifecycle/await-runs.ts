import type { Connector } from '../../core/connector.ts';
import { inParallel } from '../in-parallel.ts';
import type { Call } from '../operation.ts';

/** How long to wait for runs to end, in milliseconds: they see it with their next heartbeat and end at a batch boundary. */
const RUNS_MAY_TAKE_MS = 8_000;
const LOOK_AGAIN_MS = 250;

/**
 * Waits until no run holds a lease of these instances, or a few seconds at most. Nothing may rest on its success: a run that is still there
 * must be harmless because it is fenced.
 */
export const awaitRuns = async (call: Call, connector: Connector, instances: readonly number[]): Promise<void> => {
  const { deps, signal } = call;
  const { clock } = deps;
  const deadlineMs = clock.monotonicMs() + RUNS_MAY_TAKE_MS;
  while ((await inParallel(instances, (instance) => isHeld(call, connector, instance))).includes(true)) {
    if (clock.monotonicMs() >= deadlineMs) return;
    await clock.sleep(LOOK_AGAIN_MS, signal);
  }
};

/** True while a run holds the lease of an instance. */
export const isHeld = async ({ deps, signal }: Call, { uid }: Connector, instance: number): Promise<boolean> => {
  const state = await deps.leases.read(uid, instance, signal);
  return state !== undefined && state.runId !== null && state.expiresAtMs > deps.clock.nowMs();
};
