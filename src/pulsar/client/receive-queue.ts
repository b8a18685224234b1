import type { ReceiveOptions } from '../../core/messaging.ts';
import type { IncomingMessage } from './incoming-message.ts';

const COMPACT_AT = 1024;

/** Messages that were received and not yet taken, in order. `onChange` is called after each arrival. */
export class ReceiveQueue {
  private items: IncomingMessage[] = [];
  private head = 0;
  private byteCount = 0;
  onChange: (() => void) | undefined;

  get length(): number {
    return this.items.length - this.head;
  }

  /** Sum of the values' bytes. */
  get bytes(): number {
    return this.byteCount;
  }

  push(messages: readonly IncomingMessage[]): void {
    for (const message of messages) {
      this.items.push(message);
      this.byteCount += message.value?.length ?? 0;
    }
    this.onChange?.();
  }

  /** The first message, which stays. */
  peek(): IncomingMessage | undefined {
    return this.items[this.head];
  }

  /** Takes the first message out, if there is one. */
  shift(): IncomingMessage | undefined {
    const first = this.items[this.head];
    if (first === undefined) return undefined;
    this.items[this.head] = undefined as never;
    this.byteCount -= first.value?.length ?? 0;
    this.moveHead(this.head + 1);
    return first;
  }

  private moveHead(head: number): void {
    this.head = head;
    if (head === this.items.length) this.items.length = this.head = 0;
    else if (head >= COMPACT_AT && head * 2 >= this.items.length) {
      this.items = this.items.slice(head);
      this.head = 0;
    }
  }

  /** Takes the first messages out, as many as the limits allow. */
  take({
    maxMessages,
    maxBytes = Number.POSITIVE_INFINITY,
  }: Pick<ReceiveOptions, 'maxMessages' | 'maxBytes'>): IncomingMessage[] {
    let end = this.head;
    let bytes = 0;
    while (end < this.items.length && end - this.head < maxMessages) {
      const next = (this.items[end] as IncomingMessage).value?.length ?? 0;
      if (end > this.head && bytes + next > maxBytes) break;
      bytes += next;
      end++;
    }
    const taken = this.items.slice(this.head, end);
    this.items.fill(undefined as never, this.head, end);
    this.byteCount -= bytes;
    this.moveHead(end);
    return taken;
  }

  /** Drops the messages that `isUnwanted` names; returns how many. */
  remove(isUnwanted: (message: IncomingMessage) => boolean): number {
    const before = this.length;
    const kept = this.items.slice(this.head).filter((message) => !isUnwanted(message));
    this.items = kept;
    this.head = 0;
    this.byteCount = kept.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    return before - kept.length;
  }
}
