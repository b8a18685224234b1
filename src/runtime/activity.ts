import type { Clock } from '../core/clock.ts';

/** Whether a run's topics go on: they are idle together or not at all, and when one fails all end at their next batch boundary. */
export class Activity {
  readonly #clock: Clock;
  #lastMs: number;
  #halted = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastMs = clock.monotonicMs();
  }

  /** Something moved. */
  touch(): void {
    this.#lastMs = this.#clock.monotonicMs();
  }

  /** One topic failed: the attempt is over. */
  halt(): void {
    this.#halted = true;
  }

  /** True after {@link halt}. */
  get isHalted(): boolean {
    return this.#halted;
  }

  /** How long nothing moved, in milliseconds. */
  get idleMs(): number {
    return this.#clock.monotonicMs() - this.#lastMs;
  }
}
