import type { WaitingMessage } from './batcher.ts';
import type { EncodedEntry } from './encode-entry.ts';

/** An entry that was sent, or will be once connected, and has no receipt yet. */
export interface PendingEntry {
  readonly entry: EncodedEntry;
  readonly waiting: readonly WaitingMessage[];
  /** When its first message was given to the producer, by `performance.now()`. */
  readonly beganAtMs: number;
  /** How often it was written to a connection. */
  timesSent: number;
}

/** Entries without receipt, oldest first. One timer watches the oldest. */
export class PendingEntries {
  private readonly timeoutMs: number;
  private readonly onTimeout: () => void;
  private entries: PendingEntry[] = [];
  private flushWaiters: { readonly last: PendingEntry; readonly done: (error?: Error) => void }[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** `onTimeout` is called when the oldest entry is older than `timeoutMs`. */
  constructor(timeoutMs: number, onTimeout: () => void) {
    this.timeoutMs = timeoutMs;
    this.onTimeout = onTimeout;
  }

  get all(): readonly PendingEntry[] {
    return this.entries;
  }

  get oldest(): PendingEntry | undefined {
    return this.entries[0];
  }

  add(pending: PendingEntry): PendingEntry {
    this.entries.push(pending);
    this.watch();
    return pending;
  }

  private watch(): void {
    const { oldest } = this;
    if (this.timer !== undefined || oldest === undefined) return;
    const leftMs = oldest.beganAtMs + this.timeoutMs - performance.now();
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        if (this.oldest !== undefined && performance.now() - this.oldest.beganAtMs >= this.timeoutMs) this.onTimeout();
        this.watch();
      },
      Math.max(1, leftMs),
    );
  }

  /** Takes the oldest entry out: it was stored. */
  shift(): PendingEntry | undefined {
    const entry = this.entries.shift();
    if (entry !== undefined) this.noteDone(entry);
    return entry;
  }

  /** Takes the entry out that a SEND_ERROR names by its highest sequence id. */
  remove(highestSequenceId: number, error: Error): PendingEntry | undefined {
    const index = this.entries.findIndex(({ entry }) => entry.highestSequenceId === highestSequenceId);
    if (index < 0) return undefined;
    const [entry] = this.entries.splice(index, 1) as [PendingEntry];
    this.noteDone(entry, error);
    return entry;
  }

  /** Takes everything out: it failed with `error`. */
  drain(error: Error): PendingEntry[] {
    clearTimeout(this.timer);
    this.timer = undefined;
    const entries = this.entries;
    this.entries = [];
    for (const entry of entries) this.noteDone(entry, error);
    return entries;
  }

  /** Waits until all entries there are now are out; rejects when the last of them failed. */
  async flushed(): Promise<void> {
    const last = this.entries.at(-1);
    if (last === undefined) return;
    await new Promise<void>((resolve, reject) => {
      this.flushWaiters.push({ last, done: (error) => (error === undefined ? resolve() : reject(error)) });
    });
  }

  private noteDone(entry: PendingEntry, error?: Error): void {
    if (this.flushWaiters.length === 0) return;
    const done = this.flushWaiters.filter(({ last }) => last === entry);
    this.flushWaiters = this.flushWaiters.filter(({ last }) => last !== entry);
    for (const waiter of done) waiter.done(error);
  }
}
