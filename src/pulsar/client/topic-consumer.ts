import type { MessageIdParts } from '../../core/message-id.ts';
import { PulsarError } from '../errors.ts';
import type { Connection } from '../network/connection.ts';
import type { ConsumerListener } from '../network/connection-listeners.ts';
import { AckType, type CommandFields, type MessageIdInput, ValidationError } from '../protocol/index.ts';
import { ackAndWait, askAgain, entriesByKey, isOf, sendAcks } from './ack-commands.ts';
import { AckGrouping } from './ack-grouping.ts';
import { Arrivals, type ReadingStart } from './arrivals.ts';
import { type ClientContext, connectionFor, requestOptions } from './client-context.ts';
import { DeadLetters } from './dead-letters.ts';
import type { CorruptEntry } from './decode-entry.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { Permits } from './permits.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { Reconnector } from './reconnector.ts';
import { RedeliveryTimer } from './redelivery-timer.ts';
import { closeConsumer, registerConsumer } from './register.ts';
import { canOnlyRewind, subscribeFields, type TopicConsumerOptions } from './topic-consumer-options.ts';
import { askTopicEnd, isBehind, type ReadingPosition, type TopicEnd } from './topic-end.ts';
import { type TransactionId, transactionalAckId, transactionFields } from './transaction-id.ts';

/** Where a seek goes. */
export type SeekTarget = { readonly id: MessageIdParts } | { readonly publishTimeMs: number };

/** What a topic's consumer tells its owner. */
export interface TopicConsumerEvents {
  /** Messages were put in the queue. */
  onArrival(consumer: TopicConsumer): void;
  /** Attached to a broker, possibly anew: permits that were asked for one by one are gone. */
  onAttached(consumer: TopicConsumer): void;
  /** Gave up for good. */
  onEnded(reason: PulsarError): void;
}

interface Seeking {
  readonly attached: PromiseWithResolvers<void>;
  isDetached: boolean;
  isAttached: boolean;
}

/** Consumer of one topic or partition that comes back after a disconnect. */
export class TopicConsumer implements ConsumerListener {
  readonly options: TopicConsumerOptions;
  readonly queue = new ReceiveQueue();
  private readonly context: ClientContext;
  private readonly events: TopicConsumerEvents;
  private readonly consumerId: number;
  private readonly reconnector: Reconnector;
  private readonly permits: Permits;
  private readonly acks: AckGrouping;
  private readonly negativeAcks: RedeliveryTimer;
  private readonly unacked: RedeliveryTimer | undefined;
  private readonly arrivals: Arrivals;
  private readonly canOnlyRewind: boolean;
  private connection: Connection | undefined;
  private assignedUrl: string | undefined;
  private start: ReadingStart | undefined;
  private lastTaken: MessageIdParts | undefined;
  private endReason: PulsarError | undefined;
  private seeking: Seeking | undefined;
  private readonly deadLetters: DeadLetters | undefined;
  private isLeaving = false;
  private knownEnd: TopicEnd | undefined;

  constructor(context: ClientContext, options: TopicConsumerOptions, events: TopicConsumerEvents) {
    this.context = context;
    this.options = options;
    this.events = events;
    this.consumerId = context.nextId();
    this.start = options.startMessageId && { id: options.startMessageId, isInclusive: options.isStartInclusive };
    this.canOnlyRewind = canOnlyRewind(options.subscriptionType);
    this.reconnector = new Reconnector({
      attach: (signal) => this.attach(signal),
      onGivenUp: (error) => this.endWith(error),
      operationTimeoutMs: context.operationTimeoutMs,
    });
    this.permits = new Permits(options.receiverQueueSize, (messagePermits) => this.sendFlow(messagePermits));
    this.acks = new AckGrouping({
      isBatchIndexAck: options.isBatchIndexAck,
      isReceipt: options.isAckReceipt,
      send: (ackType, ids) => this.sendAck(ackType, ids),
    });
    this.deadLetters =
      options.deadLetters && new DeadLetters(options.deadLetters, (message) => context.log('ERROR', message));
    this.negativeAcks = new RedeliveryTimer(options.negativeAckDelayMs, (ids) => this.redeliver(ids));
    this.unacked =
      options.ackTimeoutMs > 0 ? new RedeliveryTimer(options.ackTimeoutMs, (ids) => this.redeliver(ids)) : undefined;
    this.arrivals = new Arrivals(context, options, {
      acks: this.acks,
      unacked: this.unacked,
      deadLetters: this.deadLetters,
      start: () => this.start,
      isSeeking: () => this.seeking !== undefined && !this.seeking.isAttached,
      release: (permits) => this.release(permits),
      refuse: (entry) => this.refuse(entry),
      redeliver: (ids) => this.redeliver(ids),
      deliver: (messages) => {
        this.queue.push(messages);
        events.onArrival(this);
      },
    });
  }

  get isConnected(): boolean {
    return this.connection !== undefined;
  }

  /** First attachment. When it fails this consumer is of no use any more; `isOptional`: the others of its group go on. */
  async begin(isOptional = false): Promise<void> {
    try {
      await this.reconnector.start();
    } catch (error) {
      this.endWith(error as PulsarError, isOptional);
      throw error;
    }
  }

  /** Closes without ending the group that it is of. */
  async leave(): Promise<void> {
    this.isLeaving = true;
    await this.close().catch(() => undefined);
  }

  private async attach(signal: AbortSignal): Promise<void> {
    const { assignedUrl } = this;
    this.assignedUrl = undefined;
    const topic = this.options.topic.fullName;
    const connection = await connectionFor(this.context, topic, assignedUrl, signal);
    this.queue.remove(() => true);
    this.arrivals.chunked.restart();
    this.deadLetters?.clear();
    if (!this.options.isDurable && this.lastTaken !== undefined && this.seeking === undefined) {
      this.start = { id: this.lastTaken, isInclusive: false };
    }
    const state = { consumerId: this.consumerId, startMessageId: this.start?.id };
    await registerConsumer(
      connection,
      subscribeFields(this.options, state),
      this,
      requestOptions(this.context, signal),
    );
    if (connection.consumers.get(this.consumerId) !== this) {
      throw new PulsarError('Disconnected', `consumer of ${topic} was closed while it was registered`);
    }
    this.connection = connection;
    if (this.seeking !== undefined) this.endSeeking(this.seeking);
    else this.acks.restart();
    this.permits.start();
    this.events.onAttached(this);
  }

  private sendFlow(messagePermits: number): void {
    if (this.connection?.isOpen) this.connection.send('FLOW', { consumerId: this.consumerId, messagePermits });
  }

  /** With a receiver queue of 0: asks for messages one by one. */
  request(count: number): void {
    this.sendFlow(count);
  }

  onMessage(command: CommandFields<'MESSAGE'>, headersAndPayload: Buffer): void {
    this.arrivals.take(command, headersAndPayload);
  }

  /** Gives permits back that no application will return by taking a message. */
  private release(permits: number): void {
    if (this.options.receiverQueueSize > 0) this.permits.release(permits);
    else if (permits > 0) this.sendFlow(1);
  }

  private refuse({ messageId: { ledgerId, entryId }, reason }: CorruptEntry): void {
    this.connection?.send('ACK', {
      consumerId: this.consumerId,
      ackType: AckType.Individual,
      messageId: [{ ledgerId, entryId }],
      validationError: ValidationError[reason],
    });
  }

  /** Takes the first message of the queue, if there is one. */
  take(): IncomingMessage | undefined {
    const message = this.queue.shift();
    if (message === undefined) return undefined;
    this.lastTaken = message.messageId;
    this.permits.release(1);
    this.unacked?.add(message.messageId);
    return message;
  }

  /** Acknowledges one message; with receipts a promise of the broker's answer. */
  acknowledge(id: MessageIdParts): Promise<unknown> | undefined {
    this.requireOpen();
    this.unacked?.remove(id);
    this.negativeAcks.remove(id);
    this.deadLetters?.forget(id);
    if (id.firstChunk === undefined) return this.acks.add(id);
    return Promise.all(this.arrivals.chunked.entriesOf([id]).map((entry) => this.acks.add(entry)));
  }

  async acknowledgeCumulative(id: MessageIdParts): Promise<void> {
    this.requireOpen();
    this.requireCumulative();
    this.unacked?.remove(id);
    await this.acks.addCumulative(this.arrivals.chunked.limitCumulative(id));
  }

  /** Acknowledges within a transaction, at once; rejects with TransactionConflict when another has acknowledged the message. */
  async acknowledgeIn(transaction: TransactionId, id: MessageIdParts, isCumulative: boolean): Promise<void> {
    this.requireOpen();
    if (isCumulative) this.requireCumulative();
    const { connection, consumerId } = this;
    if (connection === undefined) throw new PulsarError('NotConnected', 'cannot acknowledge in a transaction now');
    const { chunked } = this.arrivals;
    const ids = isCumulative ? [chunked.limitCumulative(id)] : chunked.entriesOf([id]);
    const fields = {
      consumerId,
      ackType: isCumulative ? AckType.Cumulative : AckType.Individual,
      messageId: ids.map((entry) => transactionalAckId(entry, isCumulative)),
      ...transactionFields(transaction),
    };
    await ackAndWait(connection, fields, requestOptions(this.context));
    this.unacked?.remove(id);
    this.negativeAcks.remove(id);
  }

  private requireCumulative(): void {
    if (this.canOnlyRewind) return;
    throw new PulsarError('CumulativeAcknowledgementNotAllowedError', 'shared subscriptions acknowledge one by one');
  }

  negativeAcknowledge(id: MessageIdParts): void {
    this.unacked?.remove(id);
    this.negativeAcks.add(id);
  }

  private sendAck(ackType: AckType, ids: readonly MessageIdInput[]): Promise<void> | undefined {
    const { connection, consumerId } = this;
    if (connection === undefined || !connection.isOpen) return undefined;
    const request = this.options.isAckReceipt ? requestOptions(this.context) : undefined;
    return sendAcks(connection, { consumerId, ackType, messageId: ids }, request);
  }

  /** Asks for entries again; a subscription with one active consumer can only be rewound as a whole. */
  redeliver(ids: readonly MessageIdParts[]): void {
    if (this.deadLetters === undefined) this.redeliverNow(ids);
    else this.buryOrRedeliver(this.deadLetters, ids);
  }

  private async buryOrRedeliver(deadLetters: DeadLetters, ids: readonly MessageIdParts[]): Promise<void> {
    const { buried, rest } = await deadLetters.bury(ids);
    await Promise.allSettled(buried.map(async (id) => this.acknowledge(id)));
    if (rest.length > 0) this.redeliverNow(rest);
  }

  private redeliverNow(messageIds: readonly MessageIdParts[]): void {
    const { connection, consumerId } = this;
    if (connection === undefined || !connection.isOpen) return;
    if (this.canOnlyRewind) {
      this.subscribeAnew(connection);
      return;
    }
    const entries = entriesByKey(this.arrivals.chunked.entriesOf(messageIds));
    this.release(this.queue.remove(({ messageId }) => isOf(entries, messageId)));
    askAgain(connection, consumerId, entries);
  }

  /** Rewinds: the broker's own way to do it brings messages out of order (see `LiveConsumer.rewind` of sessions). */
  private subscribeAnew(connection: Connection): void {
    this.acks.flush();
    this.connection = undefined;
    this.queue.remove(() => true);
    const attach = () => this.reconnector.lost(true);
    closeConsumer(connection, this.consumerId, requestOptions(this.context)).then(attach, attach);
  }

  /**
   * Moves the subscription; resolves when messages come from there. The broker closes the consumer on the way, so what was
   * received before is dropped, and the target itself is left out unless the start is inclusive.
   */
  async seek(target: SeekTarget): Promise<void> {
    this.requireOpen();
    const { connection, consumerId } = this;
    if (connection === undefined) throw new PulsarError('NotConnected', 'cannot seek while not connected');
    if (this.seeking !== undefined) throw new PulsarError('NotAllowedError', 'another seek is under way');
    const seeking = { attached: Promise.withResolvers<void>(), isDetached: false, isAttached: false };
    seeking.attached.promise.catch(() => undefined);
    this.acks.flush();
    this.seeking = seeking;
    const formerStart = this.start;
    const isById = 'id' in target;
    this.start = isById ? { id: target.id, isInclusive: this.options.isStartInclusive } : undefined;
    const first = isById ? (target.id.firstChunk ?? target.id) : undefined;
    const where = first
      ? { messageId: { ledgerId: first.ledgerId, entryId: first.entryId } }
      : { messagePublishTime: (target as { publishTimeMs: number }).publishTimeMs };
    try {
      await connection.request('SEEK', { consumerId, ...where }, 'SUCCESS', requestOptions(this.context));
      if (!seeking.isDetached) this.endSeeking(seeking);
      await seeking.attached.promise;
    } catch (error) {
      if (!seeking.isAttached) this.start = formerStart;
      throw error;
    } finally {
      this.seeking = undefined;
    }
  }

  /** What was known of messages before a seek is void. */
  private endSeeking(seeking: Seeking): void {
    seeking.isAttached = true;
    this.knownEnd = undefined;
    this.lastTaken = undefined;
    this.permits.release(this.queue.remove(() => true));
    this.acks.clear();
    this.arrivals.chunked.clear();
    this.negativeAcks.clear();
    this.unacked?.clear();
    seeking.attached.resolve();
  }

  /** Last message of the topic and the end of what is acknowledged without gaps. */
  async lastMessageId(): Promise<TopicEnd> {
    this.requireOpen();
    const { connection, consumerId } = this;
    if (connection === undefined)
      throw new PulsarError('NotConnected', 'cannot ask for the last message while not connected');
    this.knownEnd = await askTopicEnd(connection, consumerId, requestOptions(this.context));
    return this.knownEnd;
  }

  /** Place of the newest message that was taken, or where reading starts. */
  get position(): ReadingPosition {
    if (this.lastTaken !== undefined) return { id: this.lastTaken, isInclusive: false };
    return { id: this.start?.id, isInclusive: this.start?.isInclusive === true };
  }

  /** Whether the topic, as last asked for, goes on after {@link position}. */
  get isBehindKnownEnd(): boolean {
    return this.knownEnd !== undefined && isBehind(this.position, this.knownEnd);
  }

  onClosedByBroker(close: CommandFields<'CLOSE_CONSUMER'>): void {
    const { pool } = this.context;
    this.connection = undefined;
    if (this.seeking !== undefined) this.seeking.isDetached = true;
    this.assignedUrl = pool.isTls ? close.assignedBrokerServiceUrlTls : close.assignedBrokerServiceUrl;
    this.reconnector.lost(this.assignedUrl !== undefined || this.seeking !== undefined);
  }

  onDisconnected(): void {
    this.connection = undefined;
    if (this.seeking !== undefined) this.seeking.isDetached = true;
    if (this.endReason === undefined) this.reconnector.lost(false);
  }

  private requireOpen(): void {
    if (this.endReason !== undefined) throw this.endReason;
  }

  private endWith(reason: PulsarError, isQuiet = this.isLeaving): void {
    if (this.endReason !== undefined) return;
    this.endReason = reason;
    this.reconnector.stop();
    this.arrivals.stop();
    this.negativeAcks.clear();
    this.unacked?.clear();
    this.acks.end(reason);
    this.seeking?.attached.reject(reason);
    this.queue.remove(() => true);
    this.deadLetters?.close().catch(() => undefined);
    if (!isQuiet) this.events.onEnded(reason);
  }

  /** Sends the acknowledgements that wait, then closes. */
  async close(): Promise<void> {
    if (this.endReason !== undefined) return;
    this.acks.flush();
    const { connection } = this;
    this.connection = undefined;
    this.endWith(new PulsarError('AlreadyClosed', `the consumer of ${this.options.topic.fullName} was closed`));
    if (connection !== undefined) await closeConsumer(connection, this.consumerId, requestOptions(this.context));
  }

  /** Deletes the subscription. */
  async unsubscribe(): Promise<void> {
    this.requireOpen();
    const { connection, consumerId } = this;
    if (connection === undefined) throw new PulsarError('NotConnected', 'cannot unsubscribe while not connected');
    await connection.request('UNSUBSCRIBE', { consumerId }, 'SUCCESS', requestOptions(this.context));
    connection.consumers.delete(consumerId);
    this.connection = undefined;
    this.endWith(new PulsarError('AlreadyClosed', `the subscription ${this.options.subscription} was deleted`));
  }
}
