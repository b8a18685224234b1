import type { SubscriptionType } from '../../../pulsar/protocol/enums.ts';
import { DelayQueue } from '../state/delay-queue.ts';
import type { EntryKey } from '../state/entry-key.ts';
import { SortedKeys } from '../state/sorted-keys.ts';
import type { Entry } from '../storage/entry.ts';
import type { Consumer } from './consumer.ts';
import { type DispatchContext, type Dispatcher, isSettled, PAGE_BYTES, PAGE_ENTRIES, PassLoop } from './dispatcher.ts';
import type { Router } from './router.ts';

/** Entries that may wait behind a blocked key before reading stops (keySharedLookAheadMsgInReplayThresholdPerConsumer). */
const LOOK_AHEAD_PER_CONSUMER = 2000;

/**
 * Shared and Key_Shared: every consumer receives; redelivered entries go first, in ledger order; delayed entries wait for their time; the
 * redelivery count grows with each REDELIVER, not when a consumer leaves, and is forgotten with the last consumer.
 */
export class MultiActiveDispatcher implements Dispatcher {
  readonly type: SubscriptionType;
  readonly active = undefined;
  consumers: Consumer[] = [];
  readPosition: EntryKey;
  readonly #context: DispatchContext;
  readonly #router: Router;
  readonly #loop = new PassLoop(() => this.#pass());
  /** Entries to send again, with their slot. */
  readonly #replay = new SortedKeys<number>();
  readonly #redeliveries = new Map<EntryKey, number>();
  readonly #delayed = new DelayQueue();
  #delayTimer: NodeJS.Timeout | undefined;

  constructor(type: SubscriptionType, router: Router, context: DispatchContext) {
    this.type = type;
    this.#router = router;
    this.#context = context;
    this.readPosition = this.#startPosition();
  }

  get delayedCount(): number {
    return this.#delayed.size;
  }

  add(consumer: Consumer): void {
    this.#router.check(consumer, this.consumers);
    if (this.consumers.length === 0) this.rewind();
    this.consumers = [...this.consumers, consumer];
    this.#router.changed(this.consumers);
    this.wake();
  }

  remove(consumer: Consumer): void {
    this.consumers = this.consumers.filter((other) => other !== consumer);
    for (const key of [...consumer.pending.keys()]) this.#takeBack(consumer, key);
    this.#router.changed(this.consumers);
    if (this.consumers.length === 0) this.#forget();
    this.wake();
  }

  redeliver(consumer: Consumer, keys: readonly EntryKey[] | undefined): void {
    for (const key of keys ?? [...consumer.pending.keys()]) {
      if (this.#takeBack(consumer, key)) this.#redeliveries.set(key, (this.#redeliveries.get(key) ?? 0) + 1);
    }
    this.wake();
  }

  acked(consumer: Consumer | undefined, key: EntryKey): void {
    const holder = consumer?.pending.has(key) ? consumer : this.consumers.find(({ pending }) => pending.has(key));
    const wasBlocked = holder?.isBlockedOnUnacked;
    const released = holder?.release(key);
    if (holder && released) this.#router.released(released.slot, holder);
    this.#replay.delete(key);
    this.#redeliveries.delete(key);
    if (wasBlocked || this.#replay.size > 0) this.wake();
  }

  unacked(keys: readonly EntryKey[]): void {
    for (const key of keys) {
      const holder = this.consumers.find(({ pending }) => pending.has(key));
      if (holder) this.#takeBack(holder, key);
      else if (key < this.readPosition) this.#replay.add(key, this.#context.log.readOne(key)?.slot ?? 0);
      this.#redeliveries.set(key, (this.#redeliveries.get(key) ?? 0) + 1);
    }
    this.wake();
  }

  rewind(): void {
    for (const consumer of this.consumers) {
      for (const key of [...consumer.pending.keys()]) this.#takeBack(consumer, key);
    }
    this.#forget();
    this.readPosition = this.#startPosition();
    this.wake();
  }

  wake(): void {
    this.#loop.wake();
  }

  stop(): void {
    this.#loop.stop();
    clearTimeout(this.#delayTimer);
  }

  #startPosition(): EntryKey {
    return this.#context.cursor.nextUnacked(this.#context.cursor.markDelete + 1);
  }

  #forget(): void {
    this.#replay.clear();
    this.#redeliveries.clear();
    this.#delayed.clear();
  }

  /** Moves an entry from a consumer to the replay queue; false when the consumer did not hold it. */
  #takeBack(consumer: Consumer, key: EntryKey): boolean {
    const pending = consumer.release(key);
    if (pending === undefined) return false;
    this.#router.released(pending.slot, consumer);
    this.#replay.add(key, pending.slot);
    return true;
  }

  /** True when another pass may deliver more. */
  #pass(): boolean {
    this.#takeDue();
    if (!this.consumers.some(({ isAvailable }) => isAvailable)) return false;
    const blockedSlots = new Set<number>();
    const hasReplayed = this.#passReplay(blockedSlots);
    if (!hasReplayed) return false;
    if (this.#replay.size >= LOOK_AHEAD_PER_CONSUMER * this.consumers.length) return false;
    return this.#passNew(blockedSlots);
  }

  /** Sends what waits for redelivery; false when it stopped because nobody can take more. */
  #passReplay(blockedSlots: Set<number>): boolean {
    for (const [key, slot] of this.#replay.entries()) {
      if (blockedSlots.has(slot)) continue;
      const consumer = this.#router.pick(slot);
      if (consumer === undefined) {
        if (!this.#router.isOrdered) return false;
        blockedSlots.add(slot);
        continue;
      }
      this.#replay.delete(key);
      const entry = this.#context.log.readOne(key);
      if (entry && !isSettled(this.#context, key)) this.#deliver(consumer, entry);
    }
    return true;
  }

  #passNew(blockedSlots: Set<number>): boolean {
    const { log, cursor } = this.#context;
    this.readPosition = cursor.nextUnacked(this.readPosition);
    const page = log.read(this.readPosition, this.#pageLimit(), PAGE_BYTES);
    for (const entry of page) {
      if (!isSettled(this.#context, entry.key) && !this.#isDelayed(entry) && !this.#sendNew(entry, blockedSlots))
        return false;
      this.readPosition = entry.key + 1;
    }
    return page.length > 0;
  }

  /** False when the entry must be read again later. */
  #sendNew(entry: Entry, blockedSlots: Set<number>): boolean {
    const consumer = blockedSlots.has(entry.slot) ? undefined : this.#router.pick(entry.slot);
    if (consumer) this.#deliver(consumer, entry);
    else if (!this.#router.isOrdered || !this.consumers.some(({ isAvailable }) => isAvailable)) return false;
    else {
      blockedSlots.add(entry.slot);
      this.#replay.add(entry.key, entry.slot);
    }
    return true;
  }

  #pageLimit(): number {
    const permits = this.consumers.reduce((sum, consumer) => sum + (consumer.isAvailable ? consumer.permits : 0), 0);
    return Math.max(1, Math.min(PAGE_ENTRIES, permits));
  }

  #deliver(consumer: Consumer, entry: Entry): void {
    const remaining = this.#context.pendingAcks.remaining(entry.key);
    const messages = consumer.deliver(entry, remaining, this.#redeliveries.get(entry.key) ?? 0);
    consumer.hold(entry.key, { messages, slot: entry.slot });
    this.#router.delivered(entry.slot, consumer, entry.chunk);
  }

  #isDelayed(entry: Entry): boolean {
    if (entry.deliverAtMs <= this.#context.now()) return false;
    this.#delayed.add(entry.key, entry.deliverAtMs);
    this.#setDelayTimer();
    return true;
  }

  #takeDue(): void {
    for (const key of this.#delayed.takeDue(this.#context.now())) {
      const entry = this.#context.log.readOne(key);
      if (entry) this.#replay.add(key, entry.slot);
    }
    this.#setDelayTimer();
  }

  #setDelayTimer(): void {
    clearTimeout(this.#delayTimer);
    const { nextAtMs } = this.#delayed;
    if (nextAtMs === undefined) return;
    const waitMs = Math.min(Math.max(1, nextAtMs - this.#context.now()), 2 ** 31 - 1);
    this.#delayTimer = setTimeout(() => this.wake(), waitMs).unref();
  }
}
