import type { SubscriptionType } from '../../../pulsar/protocol/enums.ts';
import type { Cursor } from '../state/cursor.ts';
import type { EntryKey } from '../state/entry-key.ts';
import type { PendingAcks } from '../state/pending-acks.ts';
import type { EntryLog } from '../storage/entry-log.ts';
import type { Consumer } from './consumer.ts';

/** Entries read at once, and the bytes after which a page ends: what one subscription holds in memory. */
export const PAGE_ENTRIES = 100;
/** See `PAGE_ENTRIES`. */
export const PAGE_BYTES = 1024 * 1024;

/** What a dispatcher works on. Times are milliseconds since the epoch. */
export interface DispatchContext {
  readonly log: EntryLog;
  readonly cursor: Cursor;
  readonly pendingAcks: PendingAcks;
  /** Partition index of the topic, -1 for none. */
  readonly partition: number;
  readonly failoverDelayMs: number;
  /** The broker's clock, epoch milliseconds. */
  now(): number;
}

/** True when an entry is acknowledged, or in an open transaction: it is not sent. */
export function isSettled({ cursor, pendingAcks }: DispatchContext, key: EntryKey): boolean {
  return cursor.isAcked(key) || pendingAcks.holds(key);
}

/** Sends a subscription's entries to its consumers: one strategy per subscription type. */
export interface Dispatcher {
  readonly type: SubscriptionType;
  readonly consumers: readonly Consumer[];
  /** Throws `BrokerError` when the consumer does not fit beside the others. */
  add(consumer: Consumer): void;
  /** What it holds unacknowledged goes to the others. */
  remove(consumer: Consumer): void;
  /** The consumer that receives, for the types where only one does. */
  readonly active: Consumer | undefined;
  /** `keys` undefined = everything unacknowledged. */
  redeliver(consumer: Consumer, keys: readonly EntryKey[] | undefined): void;
  /** An entry was acknowledged as a whole, by this consumer or by the admin. */
  acked(consumer: Consumer | undefined, key: EntryKey): void;
  /** Acknowledgements of an aborted transaction are void: these entries are sent again. */
  unacked(keys: readonly EntryKey[]): void;
  /** The cursor was moved from outside: read from its mark-delete position again. */
  rewind(): void;
  /** Something that may allow a delivery has happened: an entry, permits, a drained socket. */
  wake(): void;
  /** Where the next new entry will be read. */
  readonly readPosition: EntryKey;
  readonly delayedCount: number;
  /** No entry is sent any more; timers end. */
  stop(): void;
}

/** Calls `pass` in a later turn of the event loop, again and again while it returns true. */
export class PassLoop {
  readonly #pass: () => boolean;
  #timer: NodeJS.Immediate | undefined;
  #isStopped = false;

  constructor(pass: () => boolean) {
    this.#pass = pass;
  }

  wake(): void {
    if (this.#isStopped) return;
    this.#timer ??= setImmediate(() => {
      this.#timer = undefined;
      if (this.#pass()) this.wake();
    });
  }

  stop(): void {
    this.#isStopped = true;
    clearImmediate(this.#timer);
    this.#timer = undefined;
  }
}
