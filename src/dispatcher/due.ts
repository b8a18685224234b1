import { type Connector, desiredState, restartsOf } from '../core/connector.ts';
import type { InstanceState } from '../core/lease.ts';

/** Whether an instance should be run now: `if-backlog` leaves it to what waits in its input topics. */
export type Due = 'yes' | 'no' | 'if-backlog';

/** Times that decide, in milliseconds. */
export interface DueTimes {
  readonly nowMs: number;
  /** Allowance for clocks that differ: a lease counts as held this much longer (GUARANTEES rule 21). */
  readonly maxSkewMs: number;
}

/** Decides from the desired state and the stored state of an instance (undefined: it never ran). Pure. */
export const isDue = (
  connector: Connector,
  instance: number,
  state: InstanceState | undefined,
  { nowMs, maxSkewMs }: DueTimes,
): Due => {
  if (connector.deleting || desiredState(connector, instance) === 'STOPPED') return 'no';
  if (!state || state.epoch === 0) return 'yes';
  if (state.runId !== null && state.expiresAtMs + maxSkewMs > nowMs) return 'no';
  const { phase, generation, restarts, nextRunAtMs } = state.status;
  if (generation !== connector.generation || restarts !== restartsOf(connector, instance)) return 'yes';
  if (phase === 'failed' || phase === 'finished' || (nextRunAtMs ?? 0) > nowMs) return 'no';
  if ((connector.redrive?.number ?? 0) > state.status.redriven) return 'yes';
  // An idle sink that names a time has a schedule.
  return phase === 'idle' && connector.kind === 'sink' && nextRunAtMs === undefined ? 'if-backlog' : 'yes';
};
