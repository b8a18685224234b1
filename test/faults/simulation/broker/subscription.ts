import { murmur3 } from '../../../../src/core/murmur3.ts';
import { PulsarError } from '../../../../src/pulsar/errors.ts';
import type { Connection } from './connection.ts';
import { type Entry, LIVENESS_MS, type Topic } from './topic.ts';

/** How a subscription hands out entries. */
export type SubscriptionType = 'Exclusive' | 'Shared' | 'Failover' | 'KeyShared';

/** A consumer as the broker sees it. */
export interface Attached {
  readonly name: string;
  readonly connection: Connection;
  /** Messages that it may still be sent. */
  permits: number;
  /** Sends it an entry, which was handed out `redeliveries` times before. */
  push(entry: Entry, redeliveries: number): void;
}

interface Snapshot {
  readonly markDelete: number;
  readonly acked: ReadonlySet<number>;
}

const FLUSH_MS = 1_000;

/**
 * One subscription: what is acknowledged, and who gets what. Acknowledgements are durable only once they were flushed, about every second (T6). Entries are numbered by
 * their index in the topic's log.
 */
export class Subscription {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly isDurable: boolean;
  /** Everything up to this entry is acknowledged. */
  markDelete: number;
  type: SubscriptionType | undefined;
  readonly #topic: Topic;
  #acked = new Set<number>();
  #flushed: Snapshot;
  #isFlushing = false;
  #consumers: Attached[] = [];
  #readAt: number;
  /** Who holds an entry that was handed out, on Shared and Key_Shared. */
  readonly #held = new Map<number, Attached>();
  #replay: number[] = [];
  readonly #redeliveries = new Map<number, number>();
  #turn = 0;

  constructor(
    topic: Topic,
    name: string,
    markDelete: number,
    { properties, isDurable }: { properties: Readonly<Record<string, string>>; isDurable: boolean },
  ) {
    this.#topic = topic;
    this.name = name;
    this.markDelete = markDelete;
    this.properties = properties;
    this.isDurable = isDurable;
    this.#readAt = markDelete + 1;
    this.#flushed = { markDelete, acked: new Set() };
  }

  /** Consumers that are attached. */
  get consumers(): number {
    return this.#consumers.length;
  }

  /** Entries that are not acknowledged. */
  get backlog(): number {
    return this.#topic.log.length - 1 - this.markDelete - this.#acked.size;
  }

  /** Attaches a consumer; a frozen holder of an exclusive subscription is replaced after five seconds. */
  async attach(consumer: Attached, type: SubscriptionType): Promise<void> {
    if (this.#consumers.length > 0 && this.type !== type)
      throw new PulsarError('ConsumerBusy', `subscription ${this.name} is of type ${this.type}`);
    const [holder] = this.#consumers;
    if (type === 'Exclusive' && holder) {
      if (!holder.connection.answersPing) await this.#topic.context.timeline.delay(LIVENESS_MS);
      if (!holder.connection.answersPing) holder.connection.closeByBroker();
      if (this.#consumers.length > 0) throw new PulsarError('ConsumerBusy', `subscription ${this.name} has a consumer`);
    }
    consumer.connection.requireOpen();
    const before = this.#active;
    this.type = type;
    this.#consumers = [...this.#consumers, consumer];
    if (this.#isOrdered && this.#active !== before) this.#rewind();
    this.dispatch();
  }

  /** Detaches a consumer: what it held goes to others. */
  detach(consumer: Attached): void {
    if (!this.#consumers.includes(consumer)) return;
    const wasActive = this.#active === consumer;
    this.#consumers = this.#consumers.filter((other) => other !== consumer);
    for (const [index, holder] of [...this.#held]) if (holder === consumer) this.#takeBack(index);
    if (this.#consumers.length === 0) this.#redeliveries.clear();
    if (this.#isOrdered ? wasActive : this.#consumers.length === 0) this.#rewind();
    this.dispatch();
  }

  /** Acknowledges everything up to an entry; beyond the end changes nothing. */
  ackThrough(index: number): void {
    if (index <= this.markDelete || index >= this.#topic.log.length) return;
    this.markDelete = index;
    this.#changed();
  }

  /** Moves the cursor behind an entry, forward or back. */
  reset(markDelete: number): void {
    this.markDelete = markDelete;
    this.#acked.clear();
    this.flush();
    for (const { connection } of this.#consumers) connection.closeByBroker();
    this.#rewind();
  }

  /** Entries that are not acknowledged, in order. */
  get waiting(): number[] {
    return [...this.#topic.log.keys()].filter((index) => !this.#isAcked(index));
  }

  /** Acknowledges one entry. */
  ack(index: number): void {
    if (index <= this.markDelete || index < 0) return;
    this.#acked.add(index);
    this.#held.delete(index);
    this.#replay = this.#replay.filter((other) => other !== index);
    this.#changed();
    this.dispatch();
  }

  #changed(): void {
    for (const index of this.#acked) if (index <= this.markDelete) this.#acked.delete(index);
    while (this.#acked.delete(this.markDelete + 1)) this.markDelete += 1;
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#topic.context.timeline.after(FLUSH_MS, () => this.flush());
  }

  /** Makes acknowledgements durable. */
  flush(): void {
    this.#isFlushing = false;
    this.#flushed = { markDelete: this.markDelete, acked: new Set(this.#acked) };
  }

  /** The broker was killed: what was not flushed is forgotten. A cursor in a ledger that is gone moves on to the first that is there. */
  restart(): void {
    this.markDelete = Math.max(this.#flushed.markDelete, this.#topic.firstKept - 1);
    this.#acked = new Set([...this.#flushed.acked].filter((index) => index > this.markDelete));
    this.#consumers = [];
    this.#rewind();
  }

  /** Takes entries back from a consumer of Shared or Key_Shared, to hand them out again. */
  redeliver(consumer: Attached, indexes: readonly number[]): void {
    for (const index of indexes) {
      if (this.#held.get(index) !== consumer) continue;
      this.#takeBack(index);
      this.#redeliveries.set(index, (this.#redeliveries.get(index) ?? 0) + 1);
    }
    this.dispatch();
  }

  #takeBack(index: number): void {
    this.#held.delete(index);
    this.#replay = [...this.#replay, index].sort((a, b) => a - b);
  }

  #rewind(): void {
    this.#held.clear();
    this.#replay = [];
    this.#readAt = Math.max(this.markDelete + 1, this.#topic.firstKept);
  }

  get #isOrdered(): boolean {
    return this.type === 'Exclusive' || this.type === 'Failover';
  }

  /** On Failover the smallest name gets everything, also when it comes later (T5). */
  get #active(): Attached | undefined {
    return this.#consumers.toSorted((a, b) => (a.name < b.name ? -1 : 1))[0];
  }

  /** Hands out what may be handed out. */
  dispatch(): void {
    if (this.#consumers.length === 0) return;
    if (this.#isOrdered) this.#dispatchInOrder();
    else this.#dispatchToAll();
  }

  #isAcked(index: number): boolean {
    return index <= this.markDelete || this.#acked.has(index);
  }

  #dispatchInOrder(): void {
    const active = this.#active as Attached;
    for (; this.#readAt < this.#topic.log.length && active.permits > 0; this.#readAt++) {
      if (!this.#isAcked(this.#readAt)) this.#push(active, this.#readAt);
    }
  }

  #push(consumer: Attached, index: number): void {
    const entry = this.#topic.log[index] as Entry;
    consumer.permits -= entry.messages.length;
    consumer.push(entry, this.#redeliveries.get(index) ?? 0);
  }

  /** Redelivered entries first, in log order; behind an entry that has to wait, its key waits too. */
  #dispatchToAll(): void {
    const waitingKeys = new Set<string>();
    const waiting: number[] = [];
    const replay = this.#replay;
    this.#replay = [];
    const offer = (index: number): void => {
      if (this.#isAcked(index)) return;
      const key = this.#keyOf(index);
      const consumer = waitingKeys.has(key) ? undefined : this.#consumerFor(key);
      if (!consumer) {
        if (this.type === 'KeyShared') waitingKeys.add(key);
        waiting.push(index);
        return;
      }
      this.#held.set(index, consumer);
      this.#push(consumer, index);
    };
    for (const index of replay) offer(index);
    while (this.#readAt < this.#topic.log.length && this.#consumers.some(({ permits }) => permits > 0))
      offer(this.#readAt++);
    this.#replay = waiting;
  }

  #keyOf(index: number): string {
    return this.#topic.log[index]?.messages[0]?.key ?? '';
  }

  #consumerFor(key: string): Attached | undefined {
    const available = this.#consumers.filter(({ permits }) => permits > 0);
    if (this.type === 'Shared') return available[this.#turn++ % Math.max(1, available.length)];
    const rank = ({ name }: Attached) => murmur3(`${name}\n${key}`);
    const owner = this.#consumers.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))[0] as Attached;
    // While another consumer holds the key's earlier entries, the key waits.
    const isHeldElsewhere = [...this.#held].some(([index, holder]) => holder !== owner && this.#keyOf(index) === key);
    return owner.permits > 0 && !isHeldElsewhere ? owner : undefined;
  }
}
