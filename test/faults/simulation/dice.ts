/** Numbers from a seed (mulberry32): the only source of chance in a simulation. Seed 0 is the quiet one: always the middle. */
export class Dice {
  #state: number;
  readonly #isQuiet: boolean;

  constructor(seed: number) {
    this.#state = seed >>> 0;
    this.#isQuiet = seed === 0;
  }

  /** From 0 to less than 1. */
  readonly next = (): number => {
    if (this.#isQuiet) return 0.5;
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };

  /** From 0 to less than `limit`. */
  integer(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** True with that probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }
}
