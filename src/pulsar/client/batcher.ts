import type { MessageIdParts } from '../../core/message-id.ts';
import { estimateMessageBytes, type OutgoingMessage } from './encode-entry.ts';

/** A message that may have no sequence id yet; it gets one, in place, when its entry is made. */
export type UnnumberedMessage = Omit<OutgoingMessage, 'sequenceId'> & { sequenceId?: number | undefined };

/** A message that waits to be sent, and who waits for it. */
export interface WaitingMessage {
  readonly message: UnnumberedMessage;
  resolve(id: MessageIdParts): void;
  reject(error: Error): void;
}

/** When a batch is full, and what may be in one together. */
export interface BatchLimits {
  readonly maxMessages: number;
  /** Of all batches that are being collected, before compression, by {@link estimateMessageBytes}. */
  readonly maxBytes: number;
  /** One batch per ordering key, or else per key, so that Key_Shared consumers get whole batches of theirs. */
  readonly isKeyBased: boolean;
}

function batchKey({ orderingKey, key }: UnnumberedMessage): string {
  if (orderingKey !== undefined) return `o${Buffer.from(orderingKey).toString('latin1')}`;
  return key === undefined ? '' : `k${key}`;
}

/** Collects messages into batches. */
export class Batcher {
  private readonly limits: BatchLimits;
  private groups = new Map<string, WaitingMessage[]>();
  private count = 0;
  private bytes = 0;
  /** When the oldest message of what is being collected came, by `performance.now()`. */
  beganAtMs = 0;

  constructor(limits: BatchLimits) {
    this.limits = limits;
  }

  get length(): number {
    return this.count;
  }

  /** Whether a message has to wait for the next batch, because this one would grow too large. */
  isTooLargeFor(message: UnnumberedMessage): boolean {
    return this.count > 0 && this.bytes + estimateMessageBytes(message) > this.limits.maxBytes;
  }

  /** Adds a message; true when the batch is now full. */
  add(waiting: WaitingMessage): boolean {
    if (this.count === 0) this.beganAtMs = performance.now();
    const key = this.limits.isKeyBased ? batchKey(waiting.message) : '';
    const group = this.groups.get(key);
    if (group === undefined) this.groups.set(key, [waiting]);
    else group.push(waiting);
    this.count++;
    this.bytes += estimateMessageBytes(waiting.message);
    return this.count >= this.limits.maxMessages || this.bytes >= this.limits.maxBytes;
  }

  /** Takes the batches out, in the order of their first messages. */
  drain(): WaitingMessage[][] {
    const batches = [...this.groups.values()];
    this.groups = new Map();
    this.count = 0;
    this.bytes = 0;
    return batches;
  }
}
