import type { Batcher } from './batcher.ts';

/** Calls back when a batch has waited for `maxDelayMs`. It is not set anew for each batch: it may find one that began after it was set. */
export class BatchTimer {
  private readonly batcher: Batcher;
  private readonly maxDelayMs: number;
  private readonly onDue: () => void;
  private timer: NodeJS.Timeout | undefined;

  constructor(batcher: Batcher, maxDelayMs: number, onDue: () => void) {
    this.batcher = batcher;
    this.maxDelayMs = maxDelayMs;
    this.onDue = onDue;
  }

  /** A batch is being collected. */
  watch(): void {
    this.timer ??= setTimeout(() => this.check(), this.maxDelayMs);
  }

  private check(): void {
    this.timer = undefined;
    if (this.batcher.length === 0) return;
    const leftMs = Math.ceil(this.batcher.beganAtMs + this.maxDelayMs - performance.now());
    if (leftMs <= 0) this.onDue();
    else this.timer = setTimeout(() => this.check(), leftMs);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
