import type { MessageIdParts } from '../../../../src/core/message-id.ts';
import type { OutgoingMessage } from '../../../../src/core/messaging.ts';
import { readTopicName } from '../../../../src/core/topic-name.ts';
import { PulsarError } from '../../../../src/pulsar/errors.ts';
import type { Dice } from '../dice.ts';
import { Lane } from '../process.ts';
import type { Timeline } from '../timeline.ts';
import type { Connection } from './connection.ts';
import { Subscription } from './subscription.ts';

/** What a broker stores at once: one message, or a batch. */
export interface Entry {
  readonly ledgerId: number;
  readonly entryId: number;
  readonly producerName: string;
  readonly publishTimeMs: number;
  readonly messages: readonly OutgoingMessage[];
  /**
   * The same producer's same sequence ids are in the log already, and nobody looked: somebody had switched deduplication off, or off and on since the broker told
   * the producer that it knows them.
   */
  readonly isUnprotectedRepeat?: boolean;
}

/** An entry on its way into the log. */
export type NewEntry = Omit<Entry, 'ledgerId' | 'entryId'>;

interface Pending {
  readonly entry: NewEntry;
  readonly resolve: (entry: Entry) => void;
  readonly reject: (error: Error) => void;
  /** Of a producer that has all the time it needs: it is stored in its turn whatever happens. */
  readonly isCertain: boolean;
  readonly storedAtMs: number;
  isGone: boolean;
}

/** What topics of a broker share. */
export interface TopicContext {
  readonly timeline: Timeline;
  readonly dice: Dice;
}

const lowest = ({ messages }: NewEntry): number => messages[0]?.sequenceId ?? -1;
const highest = ({ messages }: NewEntry): number => messages.at(-1)?.sequenceId ?? -1;

const sequenceOf = ({ producerName }: NewEntry, { sequenceId }: OutgoingMessage): string =>
  `${producerName} ${sequenceId}`;

/** A holder of a name that is asked whether it lives has so long to answer (T2, T5). */
export const LIVENESS_MS = 5_000;

/**
 * One topic that is not partitioned, or one partition: its log, its memory of sequence ids and its subscriptions, with what GUARANTEES 1 measured:
 * an entry is dropped by its *lowest* sequence id; the last sequence id that a new producer is told is the *pushed* one; what is pushed
 * and not stored is neither a duplicate nor new.
 */
export class Topic {
  readonly name: string;
  readonly partition: number;
  /** Everything that was ever stored, in order, trimmed or not: what an independent reader sees who reads all the time. */
  readonly log: Entry[] = [];
  readonly producers = new Map<string, Connection>();
  readonly subscriptions = new Map<string, Subscription>();
  readonly context: TopicContext;
  /** Index in the log of the first entry that can still be read. */
  firstKept = 0;
  isDeduplicating = true;
  #pushed = new Map<string, number>();
  #persisted = new Map<string, number>();
  readonly #stored = new Set<string>();
  readonly #told = new Map<string, number>();
  #pending: Pending[] = [];
  #storage = new Lane();
  #ledgerId: number;
  #nextEntryId = 0;

  constructor(name: string, ledgerId: number, context: TopicContext) {
    this.name = name;
    this.partition = readTopicName(name)?.partition ?? -1;
    this.#ledgerId = ledgerId;
    this.context = context;
  }

  /** What PRODUCER_SUCCESS says: from the pushed map, which may run ahead of the log (T7). */
  lastSequenceId(producerName: string): number {
    const last = this.#pushed.get(producerName) ?? -1;
    this.#told.set(producerName, last);
    return last;
  }

  /** True while an entry is on its way into the log. */
  get isStoring(): boolean {
    return this.#pending.length > 0;
  }

  /** Stores an entry; undefined when the broker holds its lowest sequence id already. Storing takes `extraMs` longer than usual. */
  async publish(entry: NewEntry, extraMs = 0): Promise<Entry | undefined> {
    const { producerName } = entry;
    if (this.isDeduplicating) {
      const pushed = this.#pushed.get(producerName);
      if (pushed !== undefined && lowest(entry) <= pushed) {
        if (lowest(entry) <= (this.#persisted.get(producerName) ?? -1)) return undefined;
        throw new PulsarError('PersistenceError', 'Cannot determine whether the message is a duplicate at this time');
      }
      this.#pushed.set(producerName, highest(entry));
    }
    const isForgotten = !this.isDeduplicating || lowest(entry) <= (this.#told.get(producerName) ?? -1);
    const isUnprotectedRepeat =
      isForgotten && entry.messages.every((message) => this.#stored.has(sequenceOf(entry, message)));
    return this.#append({ ...entry, isUnprotectedRepeat }, extraMs);
  }

  /** Stores an entry of somebody who is no part of the simulation: nothing that strikes the broker keeps it from being stored once. */
  give(entry: NewEntry): void {
    void this.#append(entry, 0, true);
  }

  #append(entry: NewEntry, extraMs: number, isCertain = false): Promise<Entry> {
    const { timeline, dice } = this.context;
    const { promise, resolve, reject } = Promise.withResolvers<Entry>();
    const storedAtMs = this.#storage.arrival(timeline.nowMs + 1 + dice.integer(4) + extraMs);
    const pending: Pending = { entry, resolve, reject, isCertain, storedAtMs, isGone: false };
    this.#pending.push(pending);
    timeline.at(storedAtMs, () => {
      if (!pending.isGone) resolve(this.#store(pending));
    });
    return promise;
  }

  #store(pending: Pending): Entry {
    pending.isGone = true;
    this.#pending = this.#pending.filter((other) => other !== pending);
    const entry = { ...pending.entry, ledgerId: this.#ledgerId, entryId: this.#nextEntryId++ };
    this.log.push(entry);
    for (const message of entry.messages) this.#stored.add(sequenceOf(entry, message));
    if (this.isDeduplicating) this.#persisted.set(entry.producerName, highest(entry));
    for (const subscription of this.subscriptions.values()) subscription.dispatch();
    return entry;
  }

  /** Storage fails for all that is on its way: the broker forgets that it was pushed. True when there was any. */
  failStorage(): boolean {
    const failed = this.#pending.filter(({ isCertain }) => !isCertain);
    this.#pending = this.#pending.filter(({ isCertain }) => isCertain);
    this.#pushed = new Map(this.#persisted);
    this.#renewStorage();
    for (const pending of failed) {
      pending.isGone = true;
      pending.reject(new PulsarError('PersistenceError', 'the entry could not be stored'));
    }
    return failed.length > 0;
  }

  /** What comes now waits for what is still on its way, and not for what failed. */
  #renewStorage(): void {
    this.#storage = new Lane();
    for (const { storedAtMs } of this.#pending) this.#storage.arrival(storedAtMs);
  }

  /** The broker is killed and starts again: some of what was on its way is stored, nobody is told; a new ledger begins. */
  restart(newLedgerId: number): void {
    const stored = this.context.dice.integer(this.#pending.length + 1);
    const pending = this.#pending;
    for (const [place, one] of pending.entries()) if (place < stored || one.isCertain) this.#store(one);
    for (const one of pending) one.isGone = true;
    this.#pending = [];
    this.#renewStorage();
    this.#pushed = new Map(this.#persisted);
    this.newLedger(newLedgerId);
    for (const subscription of this.subscriptions.values()) subscription.restart();
  }

  /** What follows is written to another ledger. */
  newLedger(ledgerId: number): void {
    this.#ledgerId = ledgerId;
    this.#nextEntryId = 0;
  }

  /** Forgets producers that are not connected, as after six silent hours. */
  forgetNames(): void {
    for (const name of [...this.#pushed.keys()]) {
      if (this.producers.has(name)) continue;
      this.#pushed.delete(name);
      this.#persisted.delete(name);
    }
  }

  /** Switching off forgets everything; switching on starts empty (T3). */
  setDeduplication(isEnabled: boolean): void {
    this.isDeduplicating = isEnabled;
    this.#pushed.clear();
    this.#persisted.clear();
  }

  /** Drops what every durable subscription has acknowledged, as retention 0 does (T9). A topic that nobody has subscribed to is left alone. */
  trim(newLedgerId: number): void {
    this.newLedger(newLedgerId);
    const durable = [...this.subscriptions.values()].filter(({ isDurable }) => isDurable);
    if (durable.length === 0) return;
    const kept = Math.min(this.log.length, ...durable.map(({ markDelete }) => markDelete + 1));
    // Whole ledgers go, never a part of one.
    const ledgerOf = this.log[kept]?.ledgerId;
    this.firstKept = Math.max(
      this.firstKept,
      kept === this.log.length ? kept : this.log.findIndex((entry) => entry.ledgerId === ledgerOf),
    );
  }

  /** Last message that can be read, -1:-1 when there is none. */
  lastMessageId(): MessageIdParts {
    const last = this.log.at(-1);
    if (!last || this.log.length === this.firstKept)
      return { ledgerId: -1, entryId: -1, partition: this.partition, batchIndex: -1 };
    return this.idOf(last, last.messages.length - 1);
  }

  /** Id of a message in an entry. */
  idOf({ ledgerId, entryId, messages }: Entry, index: number): MessageIdParts {
    const place = { ledgerId, entryId, partition: this.partition };
    return messages.length === 1
      ? { ...place, batchIndex: -1 }
      : { ...place, batchIndex: index, batchSize: messages.length };
  }

  /** Where the log begins, or would begin: a ledger that stayed empty is gone after a restart, and cursors in it move on. */
  get firstLedgerId(): number {
    return this.log[0]?.ledgerId ?? this.#ledgerId;
  }

  /** Index in the log of the last entry at or before a place, -1 when there is none. */
  indexAt(ledgerId: number, entryId: number): number {
    return this.log.findLastIndex(
      (entry) => entry.ledgerId < ledgerId || (entry.ledgerId === ledgerId && entry.entryId <= entryId),
    );
  }

  /** The subscription, made when there is none. */
  subscription(
    name: string,
    position: 'Earliest' | 'Latest',
    properties: Readonly<Record<string, string>> = {},
  ): Subscription {
    const found = this.subscriptions.get(name);
    if (found) return found;
    const markDelete = (position === 'Earliest' ? this.firstKept : this.log.length) - 1;
    const made = new Subscription(this, name, markDelete, { properties, isDurable: true });
    this.subscriptions.set(name, made);
    return made;
  }
}
