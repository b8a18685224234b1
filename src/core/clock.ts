import { setTimeout as sleepFor } from 'node:timers/promises';

/** Time as the runtime sees it; handed in, so that tests and simulations own it. */
export interface Clock {
  /** Wall-clock milliseconds since the epoch. Never the base of safety: only of waiting. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start that only grow. */
  monotonicMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleepFor(ms, undefined, signal ? { signal } : {}),
};

/** Calls `act` after `ms`, unless it is disposed of before. */
export const after = (clock: Clock, ms: number, act: () => void): Disposable => {
  const disposed = new AbortController();
  clock.sleep(Math.max(0, ms), disposed.signal).then(act, () => undefined);
  return { [Symbol.dispose]: () => disposed.abort() };
};
