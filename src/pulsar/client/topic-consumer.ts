import type { MessageIdParts } from '../../core/message-id.ts';
import { PulsarError } from '../errors.ts';
import type { Connection } from '../network/connection.ts';
import type { ConsumerListener } from '../network/connection-listeners.ts';
import { AckType, type CommandFields, type MessageIdInput, ValidationError } from '../protocol/index.ts';
import { ackAndWait, askAgain, isOf, sendAcks } from './ack-commands.ts';
import { AckGrouping } from './ack-grouping.ts';
import { Arrivals } from './arrivals.ts';
import { type ClientContext, requestOptions } from './client-context.ts';
import type { CorruptEntry } from './decode-entry.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { Permits } from './permits.ts';
import { Reading } from './reading.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { Reconnector } from './reconnector.ts';
import { Redeliveries } from './redeliveries.ts';
import { closeConsumer, registerConsumer } from './register.ts';
import { type SeekHost, Seeking, type SeekTarget } from './seeking.ts';
import { ConsumerStats } from './stats.ts';
import { canOnlyRewind, subscribeFields, type TopicConsumerOptions } from './topic-consumer-options.ts';
import { askTopicEnd, type ReadingPosition, type TopicEnd } from './topic-end.ts';
import { TopicPlace } from './topic-place.ts';
import { type TransactionId, transactionalAckId, transactionFields } from './transaction-id.ts';

/** What a topic's consumer tells its owner. */
export interface TopicConsumerEvents {
  /** Messages were put in the queue. */
  onArrival(consumer: TopicConsumer): void;
  /** Attached to a broker, possibly anew: permits that were asked for one by one are gone. */
  onAttached(consumer: TopicConsumer): void;
  /** Gave up for good. */
  onEnded(reason: PulsarError): void;
}

/** Consumer of one topic or partition that comes back after a disconnect. */
export class TopicConsumer implements ConsumerListener, SeekHost {
  readonly options: TopicConsumerOptions;
  readonly queue = new ReceiveQueue();
  private readonly context: ClientContext;
  private readonly events: TopicConsumerEvents;
  private readonly consumerId: number;
  private readonly reconnector: Reconnector;
  private readonly permits: Permits;
  private readonly acks: AckGrouping;
  private readonly redeliveries: Redeliveries;
  private readonly seeking: Seeking;
  private readonly stats: ConsumerStats | undefined;
  private readonly statsLine: () => string;
  private readonly place: TopicPlace;
  private readonly arrivals: Arrivals;
  private readonly canOnlyRewind: boolean;
  private connection: Connection | undefined;
  private readonly reading: Reading;
  private endReason: PulsarError | undefined;
  private isLeaving = false;

  constructor(context: ClientContext, options: TopicConsumerOptions, events: TopicConsumerEvents) {
    this.context = context;
    this.options = options;
    this.events = events;
    this.consumerId = context.nextId();
    this.place = new TopicPlace(context, options.topic.fullName);
    this.reading = new Reading(options);
    this.canOnlyRewind = canOnlyRewind(options.subscriptionType);
    this.reconnector = new Reconnector({
      attach: (signal) => this.place.attach(signal, (...place) => this.register(...place)),
      onGivenUp: (error) => this.endWith(error),
      operationTimeoutMs: context.operationTimeoutMs,
    });
    this.permits = new Permits(options.receiverQueueSize, (messagePermits) => this.sendFlow(messagePermits));
    this.acks = new AckGrouping({
      isBatchIndexAck: options.isBatchIndexAck,
      isReceipt: options.isAckReceipt,
      send: (ackType, ids) => this.sendAck(ackType, ids),
    });
    this.redeliveries = new Redeliveries(options, {
      log: context.log,
      chunked: () => this.arrivals.chunked,
      acknowledge: (id) => this.acknowledge(id),
      askAgain: (entries) => this.askAgain(entries),
    });
    this.seeking = new Seeking(this, this.reading, options.isStartInclusive);
    this.stats = context.stats && new ConsumerStats();
    const who = `${options.topic.fullName}, ${options.subscription}, ${this.consumerId}`;
    this.statsLine = () => this.stats?.take(who) ?? '';
    context.stats?.add(this.statsLine);
    this.arrivals = new Arrivals(context, options, {
      acks: this.acks,
      unacked: this.redeliveries.unacked,
      deadLetters: this.redeliveries.deadLetters,
      start: () => this.reading.start,
      isSeeking: () => this.seeking.isBeforeTarget,
      release: (permits) => this.release(permits),
      refuse: (entry) => this.refuse(entry),
      redeliver: (ids) => this.redeliveries.redeliver(ids),
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

  private async register(connection: Connection, signal: AbortSignal): Promise<void> {
    await this.seeking.settled();
    this.queue.remove(() => true);
    this.arrivals.chunked.restart();
    this.redeliveries.deadLetters?.clear();
    if (!this.options.isDurable && !this.seeking.isUnderWay) this.reading.resume();
    const state = { consumerId: this.consumerId, startMessageId: this.reading.start?.id };
    const fields = subscribeFields(this.options, state);
    await registerConsumer(connection, fields, this, requestOptions(this.context, signal));
    if (connection.consumers.get(this.consumerId) !== this) {
      throw new PulsarError('Disconnected', `consumer of ${fields.topic} was closed while it was registered`);
    }
    this.connection = connection;
    if (this.seeking.isUnderWay) this.seeking.end();
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
    this.reading.lastTaken = message.messageId;
    this.permits.release(1);
    this.redeliveries.unacked?.add(message.messageId);
    this.stats?.noteOne(message.value);
    return message;
  }

  /** Acknowledges one message; with receipts a promise of the broker's answer. */
  acknowledge(id: MessageIdParts): Promise<unknown> | undefined {
    this.requireOpen();
    this.redeliveries.settled(id);
    this.redeliveries.deadLetters?.forget(id);
    this.stats?.acknowledged(AckType.Individual);
    if (id.firstChunk === undefined) return this.acks.add(id);
    return Promise.all(this.arrivals.chunked.entriesOf([id]).map((entry) => this.acks.add(entry)));
  }

  async acknowledgeCumulative(id: MessageIdParts): Promise<void> {
    this.requireOpen();
    this.requireCumulative();
    this.redeliveries.unacked?.remove(id);
    this.stats?.acknowledged(AckType.Cumulative);
    await this.acks.addCumulative(this.arrivals.chunked.limitCumulative(id));
  }

  /** Acknowledges within a transaction, at once; rejects with TransactionConflict when another has acknowledged the message. */
  async acknowledgeIn(transaction: TransactionId, id: MessageIdParts, isCumulative: boolean): Promise<void> {
    const connection = this.requireConnection('acknowledge in a transaction');
    if (isCumulative) this.requireCumulative();
    const { consumerId } = this;
    const { chunked } = this.arrivals;
    const ids = isCumulative ? [chunked.limitCumulative(id)] : chunked.entriesOf([id]);
    const fields = {
      consumerId,
      ackType: isCumulative ? AckType.Cumulative : AckType.Individual,
      messageId: ids.map((entry) => transactionalAckId(entry, isCumulative)),
      ...transactionFields(transaction),
    };
    await ackAndWait(connection, fields, requestOptions(this.context));
    this.redeliveries.settled(id);
    this.stats?.acknowledged(fields.ackType);
  }

  private requireCumulative(): void {
    if (this.canOnlyRewind) return;
    throw new PulsarError('CumulativeAcknowledgementNotAllowedError', 'shared subscriptions acknowledge one by one');
  }

  private sendAck(ackType: AckType, ids: readonly MessageIdInput[]): Promise<void> | undefined {
    const { connection, consumerId } = this;
    if (connection === undefined || !connection.isOpen) return undefined;
    const request = this.options.isAckReceipt ? requestOptions(this.context) : undefined;
    return sendAcks(connection, { consumerId, ackType, messageId: ids }, request);
  }

  negativeAcknowledge(id: MessageIdParts): void {
    this.redeliveries.negativeAcknowledge(id);
  }

  /** A subscription with one active consumer can only be rewound as a whole. */
  private askAgain(entries: ReadonlyMap<string, MessageIdInput>): void {
    const { connection, consumerId } = this;
    if (connection === undefined || !connection.isOpen) return;
    if (this.canOnlyRewind) {
      this.subscribeAnew(connection);
      return;
    }
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

  /** Moves the subscription; resolves when messages come from there. The target itself is left out unless the start is inclusive. */
  async seek(target: SeekTarget): Promise<void> {
    this.requireConnection('seek');
    await this.seeking.seek(target);
  }

  /** For {@link Seeking}. */
  async send(where: Parameters<SeekHost['send']>[0]): Promise<void> {
    const connection = this.requireConnection('seek');
    this.acks.flush();
    const fields = { consumerId: this.consumerId, ...where };
    await connection.request('SEEK', fields, 'SUCCESS', requestOptions(this.context));
  }

  /** For {@link Seeking}. */
  forgetMessages(): void {
    this.reading.forget();
    this.permits.release(this.queue.remove(() => true));
    this.acks.clear();
    this.arrivals.chunked.clear();
    this.redeliveries.clear();
  }

  /** For {@link Seeking}. */
  startAgain(): void {
    if (this.connection?.isOpen) this.subscribeAnew(this.connection);
  }

  /** Last message of the topic and the end of what is acknowledged without gaps. */
  async lastMessageId(): Promise<TopicEnd> {
    const connection = this.requireConnection('ask for the last message');
    const end = await askTopicEnd(connection, this.consumerId, requestOptions(this.context));
    this.reading.knownEnd = end;
    return end;
  }

  /** Place of the newest message that was taken, or where reading starts. */
  get position(): ReadingPosition {
    return this.reading.position;
  }

  /** Whether the topic, as last asked for, goes on after {@link position}. */
  get isBehindKnownEnd(): boolean {
    return this.reading.isBehindKnownEnd;
  }

  onClosedByBroker(close: CommandFields<'CLOSE_CONSUMER'>): void {
    this.detached();
    const isNamed = this.place.closed(close);
    this.reconnector.lost(isNamed || this.seeking.isUnderWay);
  }

  onMigrated(migration: CommandFields<'TOPIC_MIGRATED'>): void {
    this.place.migrated(migration);
  }

  onDisconnected(): void {
    this.detached();
    if (this.endReason === undefined) this.reconnector.lost(false);
  }

  private detached(): void {
    this.connection = undefined;
    this.seeking.detach();
  }

  private requireOpen(): void {
    if (this.endReason !== undefined) throw this.endReason;
  }

  private requireConnection(action: string): Connection {
    this.requireOpen();
    if (this.connection !== undefined) return this.connection;
    throw new PulsarError('NotConnected', `cannot ${action} while not connected`);
  }

  private endWith(reason: PulsarError, isQuiet = this.isLeaving): void {
    if (this.endReason !== undefined) return;
    this.endReason = reason;
    this.reconnector.stop();
    this.arrivals.stop();
    this.redeliveries.clear();
    this.context.stats?.remove(this.statsLine);
    this.acks.end(reason);
    this.seeking.fail(reason);
    this.queue.remove(() => true);
    this.redeliveries.deadLetters?.close().catch(() => undefined);
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
    const connection = this.requireConnection('unsubscribe');
    const { consumerId } = this;
    await connection.request('UNSUBSCRIBE', { consumerId }, 'SUCCESS', requestOptions(this.context));
    connection.consumers.delete(consumerId);
    this.connection = undefined;
    this.endWith(new PulsarError('AlreadyClosed', `the subscription ${this.options.subscription} was deleted`));
  }
}
