import type { MessageIdParts } from '../../core/message-id.ts';

const MIN_TICK_MS = 100;

/**
 * Entries that are to be redelivered after a delay: negatively acknowledged ones, or (acknowledgement timeout) those that
 * nobody acknowledged. One timer; entries that fall due together go out together.
 */
export class RedeliveryTimer {
  private readonly delayMs: number;
  private readonly redeliver: (ids: readonly MessageIdParts[]) => void;
  private readonly due = new Map<string, { readonly id: MessageIdParts; readonly atMs: number }>();
  private timer: NodeJS.Timeout | undefined;

  constructor(delayMs: number, redeliver: (ids: readonly MessageIdParts[]) => void) {
    this.delayMs = delayMs;
    this.redeliver = redeliver;
  }

  add(id: MessageIdParts): void {
    const key = `${id.ledgerId}:${id.entryId}`;
    this.due.delete(key);
    this.due.set(key, { id, atMs: performance.now() + this.delayMs });
    this.timer ??= setTimeout(() => this.tick(), this.delayMs).unref();
  }

  remove(id: MessageIdParts): void {
    if (this.due.size > 0) this.due.delete(`${id.ledgerId}:${id.entryId}`);
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
