/** Lets so much work be under way at once, whoever asks for it; the rest waits, first come first served. */
export class Slots {
  readonly #limit: number;
  #used = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #idle: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Does `work` when there is a slot for it. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#used < this.#limit) this.#used += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  /** Resolves when no work is under way. */
  async idle(): Promise<void> {
    if (this.#used > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next) {
      next();
      return;
    }
    this.#used -= 1;
    if (this.#used === 0) for (const tell of this.#idle.splice(0)) tell();
  }
}
