/** Growing delays between attempts: doubled up to `maxMs`, less up to 10 % so that clients do not come back together. */
export class Backoff {
  private readonly firstMs: number;
  private readonly maxMs: number;
  private readonly random: () => number;
  private nextMs: number;

  constructor(firstMs = 100, maxMs = 60_000, random: () => number = Math.random) {
    this.firstMs = firstMs;
    this.maxMs = maxMs;
    this.random = random;
    this.nextMs = firstMs;
  }

  /** Delay before the next attempt, in milliseconds; never below the first one. */
  next(): number {
    const delayMs = this.nextMs;
    this.nextMs = Math.min(this.nextMs * 2, this.maxMs);
    return Math.max(this.firstMs, delayMs - delayMs * 0.1 * this.random());
  }

  /** Call after a success. */
  reset(): void {
    this.nextMs = this.firstMs;
  }
}
