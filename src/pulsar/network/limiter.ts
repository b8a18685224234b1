import { abortedError } from './request-table.ts';

/** Lets at most `limit` pieces of work go on at once; the others wait in the order they came. */
export class Limiter {
  private readonly limit: number;
  private running = 0;
  private readonly waiting = new Set<() => void>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Runs `work` when there is room. Rejects with Aborted when `signal` fires before. */
  async run<T>(what: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.running >= this.limit) await this.room(what, signal);
    else this.running++;
    try {
      return await work();
    } finally {
      this.release();
    }
  }

  private room(what: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = () => {
        this.waiting.delete(enter);
        reject(abortedError(what, signal as AbortSignal));
      };
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiting.add(enter);
    });
  }

  /** Hands the place to the next who waits, if there is one. */
  private release(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.running--;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}
