import { type Connector, desiredState } from '../core/connector.ts';
import type { InstanceState } from '../core/lease.ts';

/** What alarms look at, of some instances. */
export interface Health {
  /** Instances that failed for good, or {@link FAILURES} times in a row. */
  readonly failing: number;
  /** Records that went to dead-letter topics and were not sent back. */
  readonly deadLetters: number;
  /** Of running sinks, the most that a record waited from its publication until it was settled, in milliseconds. */
  readonly lagMs: number;
}

/** Failures in a row that are no accident. */
const FAILURES = 3;

/** Nothing wrong. */
export const HEALTHY: Health = { failing: 0, deadLetters: 0, lagMs: 0 };

/** What the stored state of an instance tells; a stopped one has no health. Pure. */
export const healthOf = (connector: Connector, instance: number, state: InstanceState | undefined): Health => {
  if (!state || connector.deleting || desiredState(connector, instance) === 'STOPPED') return HEALTHY;
  const { phase, generation, failuresInRow, numDeadLettered, numRedriven, topics } = state.status;
  const isFailing = generation === connector.generation && (phase === 'failed' || failuresInRow >= FAILURES);
  const lags = phase === 'running' ? Object.values(topics).map(({ lagMs = 0 }) => lagMs) : [];
  return {
    failing: isFailing ? 1 : 0,
    deadLetters: Math.max(0, numDeadLettered - numRedriven),
    lagMs: Math.max(0, ...lags),
  };
};

/** The health of both together. */
export const together = (a: Health, b: Health): Health => ({
  failing: a.failing + b.failing,
  deadLetters: a.deadLetters + b.deadLetters,
  lagMs: Math.max(a.lagMs, b.lagMs),
});
