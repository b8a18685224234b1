import type { MessageIdParts } from '../../core/message-id.ts';
import { isAtOrBefore } from './ack-grouping.ts';

const MIN_TICK_MS = 100;

/** An entry of which messages are not settled. */
interface DueEntry {
  readonly id: MessageIdParts;
  /** Batch indexes. */
  readonly waiting: Set<number>;
  atMs: number;
}

/**
 * Entries that are to be redelivered after a delay: negatively acknowledged ones, or (acknowledgement timeout) those that
 * nobody acknowledged. An entry is redelivered as a whole, as long as one of its messages waits for it. One timer; entries that fall due
 * together go out together.
 */
export class RedeliveryTimer {
  private readonly delayMs: number;
  private readonly redeliver: (ids: readonly MessageIdParts[]) => void;
  private readonly due = new Map<string, DueEntry>();
  private timer: NodeJS.Timeout | undefined;

  constructor(delayMs: number, redeliver: (ids: readonly MessageIdParts[]) => void) {
    this.delayMs = delayMs;
    this.redeliver = redeliver;
  }

  add(id: MessageIdParts): void {
    const key = `${id.ledgerId}:${id.entryId}`;
    const entry = this.due.get(key) ?? { id, waiting: new Set(), atMs: 0 };
    this.due.delete(key);
    this.due.set(key, entry);
    entry.waiting.add(id.batchIndex);
    entry.atMs = performance.now() + this.delayMs;
    this.timer ??= setTimeout(() => this.tick(), this.delayMs).unref();
  }

  /** A message is settled; its entry is forgotten with the last of those that wait. */
  remove({ ledgerId, entryId, batchIndex }: MessageIdParts): void {
    if (this.due.size === 0) return;
    const key = `${ledgerId}:${entryId}`;
    const waiting = this.due.get(key)?.waiting;
    waiting?.delete(batchIndex);
    if (waiting?.size === 0 || batchIndex < 0) this.due.delete(key);
  }

  /** All messages up to one are settled. */
  removeThrough(last: MessageIdParts): void {
    for (const { id, waiting } of this.due.values()) {
      for (const batchIndex of waiting) {
        const one = { ...id, batchIndex };
        if (isAtOrBefore(one, last)) this.remove(one);
      }
    }
  }

  private tick(): void {
    const nowMs = performance.now();
    const ids: MessageIdParts[] = [];
    for (const [key, { id, atMs }] of this.due) {
      if (atMs > nowMs) break;
      this.due.delete(key);
      ids.push(id);
    }
    const [next] = this.due.values();
    const waitMs = next && Math.max(next.atMs - nowMs, Math.min(MIN_TICK_MS, this.delayMs));
    this.timer = waitMs === undefined ? undefined : setTimeout(() => this.tick(), waitMs).unref();
    if (ids.length > 0) this.redeliver(ids);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.due.clear();
  }
}
