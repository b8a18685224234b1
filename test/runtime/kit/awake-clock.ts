import { type Clock, systemClock } from '../../../src/core/clock.ts';

const LOOK_EVERY_MS = 5;
const MOST_AT_ONCE_MS = 10;

/**
 * The machine's clock, but for pauses of this process, which count as 10 ms at most: broker and run are one process, and a run is not idle
 * because the broker stood still with it before the first message could come.
 */
export class AwakeClock implements Clock, Disposable {
  readonly nowMs = systemClock.nowMs;
  readonly sleep = systemClock.sleep;
  readonly #looking = setInterval(() => this.monotonicMs(), LOOK_EVERY_MS).unref();
  #seenMs = systemClock.monotonicMs();
  #awakeMs = 0;

  readonly monotonicMs = (): number => {
    const seenMs = systemClock.monotonicMs();
    this.#awakeMs += Math.min(MOST_AT_ONCE_MS, seenMs - this.#seenMs);
    this.#seenMs = seenMs;
    return this.#awakeMs;
  };

  [Symbol.dispose](): void {
    clearInterval(this.#looking);
  }
}
