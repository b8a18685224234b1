import type { SubscriptionType } from '../../../pulsar/protocol/enums.ts';
import type { Peer } from '../peer.ts';
import { type EntryKey, entryIdOf, ledgerIdOf } from '../state/entry-key.ts';
import type { SlotRange } from '../state/key-ring.ts';
import type { Entry } from '../storage/entry.ts';

/** A broker's maxUnackedMessagesPerConsumer. */
const UNACKED_MAX = 50_000;

/** What SUBSCRIBE says of one consumer. */
export interface ConsumerOptions {
  readonly peer: Peer;
  readonly consumerId: number;
  readonly name: string;
  readonly type: SubscriptionType;
  readonly priorityLevel: number;
  /** Partition index that MESSAGE ids carry, -1 for none. */
  readonly partition: number;
  readonly properties: Readonly<Record<string, string>>;
  /** Key_Shared: fixed slot ranges; undefined = automatic split. */
  readonly ranges: readonly SlotRange[] | undefined;
  readonly mayReorder: boolean;
  readonly connectedAtMs: number;
  readonly epoch: number | undefined;
}

/** A delivered entry that waits for its acknowledgement (Shared and Key_Shared only). */
export interface Pending {
  readonly messages: number;
  readonly slot: number;
}

/** One connected consumer: its permits, counted in messages, and what it holds. */
export class Consumer {
  readonly options: ConsumerOptions;
  readonly pending = new Map<EntryKey, Pending>();
  permits = 0;
  unackedMessages = 0;
  deliveredMessages = 0;
  deliveredBytes = 0;
  epoch: number | undefined;

  constructor(options: ConsumerOptions) {
    this.options = options;
    this.epoch = options.epoch;
  }

  get name(): string {
    return this.options.name;
  }

  get ranges(): readonly SlotRange[] {
    return this.options.ranges ?? [];
  }

  get isBlockedOnUnacked(): boolean {
    return this.unackedMessages >= UNACKED_MAX;
  }

  /** True when an entry may be sent now. */
  get isAvailable(): boolean {
    return this.permits > 0 && !this.isBlockedOnUnacked && this.options.peer.isWritable;
  }

  /** Sends an entry. It costs one permit per message not yet acknowledged; whole entries are sent, so permits may go below zero. */
  deliver(entry: Entry, remaining: readonly bigint[] | undefined, redeliveryCount: number): number {
    const messages = remaining ? countBits(remaining, entry.messages) : entry.messages;
    this.permits -= messages;
    this.deliveredMessages += messages;
    this.deliveredBytes += entry.data.length;
    const { peer, consumerId, partition } = this.options;
    const messageId = { ledgerId: ledgerIdOf(entry.key), entryId: entryIdOf(entry.key), partition };
    peer.sendEntry(
      {
        consumerId,
        messageId,
        redeliveryCount: redeliveryCount || undefined,
        ackSet: remaining,
        consumerEpoch: this.epoch,
      },
      entry.data,
    );
    return messages;
  }

  /** Records a delivered entry until it is acknowledged. */
  hold(key: EntryKey, pending: Pending): void {
    this.pending.set(key, pending);
    this.unackedMessages += pending.messages;
  }

  /** Forgets a held entry; undefined when it was not held here. */
  release(key: EntryKey): Pending | undefined {
    const pending = this.pending.get(key);
    if (pending === undefined) return undefined;
    this.pending.delete(key);
    this.unackedMessages -= pending.messages;
    return pending;
  }
}

function countBits(words: readonly bigint[], messages: number): number {
  let count = 0;
  for (let i = 0; i < messages; i++) {
    if (((words[i >> 6] ?? 0n) >> BigInt(i & 63)) & 1n) count++;
  }
  return count;
}
