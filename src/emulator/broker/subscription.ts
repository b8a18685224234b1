import { AckType, KeySharedMode, ServerError, SubscriptionType } from '../../pulsar/protocol/enums.ts';
import type { MessageIdData } from '../../pulsar/protocol/messages.ts';
import type { Consumer } from './dispatch/consumer.ts';
import type { DispatchContext, Dispatcher } from './dispatch/dispatcher.ts';
import { MultiActiveDispatcher } from './dispatch/multi-active.ts';
import { keyRouter, roundRobin } from './dispatch/router.ts';
import { SingleActiveDispatcher } from './dispatch/single-active.ts';
import { BrokerError } from './errors.ts';
import { Cursor } from './state/cursor.ts';
import { type EntryKey, entryIdOf, formatKey, keyOf, ledgerIdOf } from './state/entry-key.ts';
import { batchWords, type PendingAck, PendingAcks } from './state/pending-acks.ts';
import type { EntryLog } from './storage/entry-log.ts';
import type { StoredCursor } from './storage/topic-store.ts';

type AckedId = Pick<MessageIdData, 'ledgerId' | 'entryId' | 'ackSet'>;

/** How a subscription is made. `markDelete`: the entry after it is the first to be delivered. */
export interface SubscriptionOptions extends StoredCursor {
  readonly isDurable: boolean;
  readonly log: EntryLog;
  readonly partition: number;
  readonly failoverDelayMs: number;
  /** The broker's clock, epoch milliseconds. */
  now(): number;
}

/** A subscription: its cursor, its consumers, and the dispatcher of the type that its consumers have. */
export class Subscription {
  readonly name: string;
  readonly isDurable: boolean;
  readonly cursor: Cursor;
  readonly pendingAcks: PendingAcks;
  properties: Readonly<Record<string, string>>;
  /** Version of the cursor that is stored; see `Cursor.version`. */
  flushedVersion = 0;
  flushedMarkDelete: EntryKey;
  lastAckedAtMs = 0;
  /** When the last consumer of a non-durable subscription was closed by a seek. */
  emptySinceMs: number | undefined;
  readonly #context: DispatchContext;
  #dispatcher: Dispatcher | undefined;

  constructor(options: SubscriptionOptions) {
    const { name, isDurable, log, partition, failoverDelayMs, properties } = options;
    this.name = name;
    this.isDurable = isDurable;
    this.properties = properties;
    this.cursor = new Cursor(log.index, options);
    this.pendingAcks = new PendingAcks(this.cursor);
    this.flushedMarkDelete = options.markDelete;
    const { cursor, pendingAcks } = this;
    this.#context = { log, cursor, pendingAcks, partition, failoverDelayMs, now: () => options.now() };
  }

  get dispatcher(): Dispatcher | undefined {
    return this.#dispatcher;
  }

  get consumers(): readonly Consumer[] {
    return this.#dispatcher?.consumers ?? [];
  }

  get isDirty(): boolean {
    return this.isDurable && this.cursor.version !== this.flushedVersion;
  }

  /** Adds a consumer. Throws `BrokerError` ConsumerBusy when the connected ones have another type, or on the second Exclusive one. */
  add(consumer: Consumer): void {
    const { type } = consumer.options;
    this.checkType(type);
    if (type === SubscriptionType.Exclusive && this.consumers.length > 0) {
      throw new BrokerError(ServerError.ConsumerBusy, 'Exclusive consumer is already connected');
    }
    if (this.#dispatcher === undefined || this.consumers.length === 0) {
      this.#dispatcher?.stop();
      this.#dispatcher = this.#makeDispatcher(consumer);
    }
    this.#dispatcher.add(consumer);
    this.emptySinceMs = undefined;
  }

  /** Throws `BrokerError` ConsumerBusy when connected consumers have another type. */
  checkType(type: SubscriptionType): void {
    if (this.consumers.length > 0 && this.#dispatcher?.type !== type) {
      throw new BrokerError(ServerError.ConsumerBusy, 'Subscription is of different type');
    }
  }

  remove(consumer: Consumer): void {
    this.#dispatcher?.remove(consumer);
  }

  flow(consumer: Consumer, permits: number): void {
    consumer.permits += permits;
    this.#dispatcher?.wake();
  }

  /** Applies an ACK; ids that do not exist or are acknowledged already change nothing. */
  acknowledge(consumer: Consumer, type: AckType, ids: readonly MessageIdData[]): void {
    this.lastAckedAtMs = this.#context.now();
    if (type === AckType.Cumulative) {
      const [id] = ids;
      if (id && ids.length === 1 && isSingleActive(consumer.options.type)) this.#ackThrough(id);
      return;
    }
    for (const id of ids) this.#ackOne(consumer, id);
  }

  /**
   * Notes an ACK in a transaction; entries that do not exist are left out. Gives what is to be stored. Throws `BrokerError` TransactionConflict,
   * and has then noted nothing.
   */
  acknowledgeIn(
    transaction: number,
    consumer: Consumer,
    type: AckType,
    ids: readonly MessageIdData[],
  ): readonly PendingAck[] {
    const isCumulative = type === AckType.Cumulative;
    if (isCumulative && (ids.length !== 1 || !isSingleActive(consumer.options.type))) return [];
    const acks = ids.flatMap((id) => this.#pendingAck(id, isCumulative) ?? []);
    for (const ack of acks) {
      const conflict = this.pendingAcks.conflict(transaction, ack);
      if (conflict === undefined) continue;
      const where = `subscription '${this.name}', message ${formatKey(ack.key)}, transaction (0,${transaction})`;
      throw new BrokerError(ServerError.TransactionConflict, `${where}: ${conflict}`);
    }
    this.lastAckedAtMs = this.#context.now();
    for (const ack of acks) {
      this.pendingAcks.add(transaction, ack);
      if (!isCumulative && this.pendingAcks.holds(ack.key)) this.#dispatcher?.acked(consumer, ack.key);
    }
    return acks;
  }

  /** Applies what a transaction acknowledged, or sends it again. */
  transactionEnded(transaction: number, isCommitted: boolean): void {
    const acks = this.pendingAcks.take(transaction);
    if (acks.length === 0) return;
    if (!isCommitted) this.#dispatcher?.unacked([...new Set(acks.map(({ key }) => key))]);
    else for (const ack of acks) this.#apply(ack);
  }

  /** Acknowledges everything up to and including `key`, by the admin or by time to live. */
  skipThrough(key: EntryKey): void {
    if (!this.cursor.ackThrough(key)) return;
    for (const consumer of this.consumers) {
      for (const pending of [...consumer.pending.keys()]) {
        if (pending <= key) this.#dispatcher?.acked(consumer, pending);
      }
    }
    this.wake();
  }

  redeliver(consumer: Consumer, ids: readonly MessageIdData[], epoch: number | undefined): void {
    if (epoch !== undefined) consumer.epoch = Math.max(epoch, consumer.epoch ?? 0);
    this.#dispatcher?.redeliver(
      consumer,
      ids.length > 0 ? ids.map(({ ledgerId, entryId }) => keyOf(ledgerId, entryId)) : undefined,
    );
  }

  /** Moves the cursor so that `key` is the next entry; `ackSet` hides messages of it. The caller has closed the consumers. */
  seek(key: EntryKey, ackSet: readonly bigint[] = []): void {
    const { index } = this.#context.log;
    this.cursor.reset(index.previous(Math.min(key, index.tail)));
    if (ackSet.length > 0) this.cursor.ackIndexes(key, ackSet);
    this.#dispatcher?.rewind();
  }

  wake(): void {
    this.#dispatcher?.wake();
  }

  stop(): void {
    this.#dispatcher?.stop();
  }

  #pendingAck({ ledgerId, entryId, ackSet }: MessageIdData, isCumulative: boolean): PendingAck | undefined {
    const key = keyOf(ledgerId, entryId);
    const entry = this.#context.log.readOne(key);
    if (entry === undefined) return undefined;
    const { messages } = entry;
    return { key, isCumulative, messages, left: ackSet.length > 0 ? batchWords(ackSet, messages) : undefined };
  }

  #apply({ key, isCumulative, left = [] }: PendingAck): void {
    const id = { ledgerId: ledgerIdOf(key), entryId: entryIdOf(key), ackSet: [...left] };
    if (isCumulative) this.#ackThrough(id, true);
    else this.#ackOne(undefined, id, true);
  }

  #ackThrough({ ledgerId, entryId, ackSet }: AckedId, isCommitted = false): void {
    const key = keyOf(ledgerId, entryId);
    if (ackSet.length === 0) {
      this.cursor.ackThrough(key);
      return;
    }
    this.cursor.ackThrough(this.#context.log.index.previous(key));
    this.cursor.ackIndexes(key, ackSet, isCommitted);
  }

  #ackOne(consumer: Consumer | undefined, { ledgerId, entryId, ackSet }: AckedId, isCommitted = false): void {
    const key = keyOf(ledgerId, entryId);
    const isWhole =
      ackSet.length === 0 ? this.cursor.ack(key) : this.cursor.ackIndexes(key, ackSet, isCommitted) === 'entry';
    if (isWhole) this.#dispatcher?.acked(consumer, key);
  }

  #makeDispatcher({ options: { type, ranges, mayReorder } }: Consumer): Dispatcher {
    if (isSingleActive(type)) return new SingleActiveDispatcher(type, this.#context);
    const mode = ranges ? KeySharedMode.STICKY : KeySharedMode.AUTO_SPLIT;
    const router = type === SubscriptionType.KeyShared ? keyRouter(mode, mayReorder) : roundRobin();
    return new MultiActiveDispatcher(type, router, this.#context);
  }
}

function isSingleActive(type: SubscriptionType): boolean {
  return type === SubscriptionType.Exclusive || type === SubscriptionType.Failover;
}
