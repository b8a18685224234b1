import type { MessageIdParts } from '../../core/message-id.ts';
import { PulsarError } from '../errors.ts';
import type { Connection } from '../network/connection.ts';
import type { ConsumerListener } from '../network/connection-listeners.ts';
import type { CommandFields, MessageIdInput } from '../protocol/index.ts';
import { askAgain, isOf } from './ack-commands.ts';
import { Arrivals } from './arrivals.ts';
import { Attachment } from './attachment.ts';
import { type ClientContext, requestOptions } from './client-context.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { Permits } from './permits.ts';
import { Reading } from './reading.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { Redeliveries } from './redeliveries.ts';
import { closeConsumer, registerConsumer } from './register.ts';
import { type SeekHost, Seeking, type SeekTarget } from './seeking.ts';
import { ConsumerStats } from './stats.ts';
import { TopicAcks } from './topic-acks.ts';
import { canOnlyRewind, subscribeFields, type TopicConsumerOptions } from './topic-consumer-options.ts';
import { askTopicEnd, type TopicEnd } from './topic-end.ts';
import type { TransactionId } from './transaction-id.ts';

/** What a topic's consumer tells its owner. */
export interface TopicConsumerEvents {
  /** Messages were put in the queue. */
  onArrival(consumer: TopicConsumer): void;
  /** With a queue of 0: what was asked for is void, or was not for the application. */
  onStarving(consumer: TopicConsumer): void;
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
  private readonly attachment: Attachment;
  private readonly permits: Permits;
  private readonly acks: TopicAcks;
  private readonly redeliveries: Redeliveries;
  private readonly seeking: Seeking;
  private readonly stats: ConsumerStats | undefined;
  private readonly statsLine: () => string;
  private readonly arrivals: Arrivals;
  private readonly canOnlyRewind: boolean;
  readonly reading: Reading;
  private endReason: PulsarError | undefined;
  private isLeaving = false;

  constructor(context: ClientContext, options: TopicConsumerOptions, events: TopicConsumerEvents) {
    this.context = context;
    this.options = options;
    this.events = events;
    this.consumerId = context.nextId();
    this.reading = new Reading(options);
    this.canOnlyRewind = canOnlyRewind(options.subscriptionType);
    this.attachment = new Attachment(context, options.topic.fullName, {
      register: (...place) => this.register(...place),
      onGivenUp: (error) => this.endWith(error),
    });
    this.permits = new Permits(options.receiverQueueSize, (messagePermits) => this.sendFlow(messagePermits));
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
    this.acks = new TopicAcks({
      context,
      options,
      consumerId: this.consumerId,
      stats: this.stats,
      connection: () => this.attachment.connection,
      chunked: () => this.arrivals.chunked,
      redeliveries: () => this.redeliveries,
    });
    this.arrivals = new Arrivals(context, options, {
      acks: this.acks.grouping,
      unacked: this.redeliveries.unacked,
      deadLetters: this.redeliveries.deadLetters,
      start: () => this.reading.start,
      isSeeking: () => this.seeking.isBeforeTarget,
      release: (permits) => this.release(permits),
      refuse: (entry) => this.acks.refuse(entry),
      redeliver: (ids) => this.redeliveries.redeliver(ids),
      deliver: (messages) => {
        this.permits.spend(messages.length);
        this.queue.push(messages);
        events.onArrival(this);
      },
    });
  }

  get isConnected(): boolean {
    return this.attachment.connection !== undefined;
  }

  /** First attachment. When it fails this consumer is of no use any more; `isOptional`: the others of its group go on. */
  async begin(isOptional = false): Promise<void> {
    try {
      await this.attachment.start();
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
    this.redeliveries.clear();
    if (!this.options.isDurable && !this.seeking.isUnderWay) this.reading.resume();
    const state = { consumerId: this.consumerId, startMessageId: this.reading.start?.id };
    const fields = subscribeFields(this.options, state);
    await registerConsumer(connection, fields, this, requestOptions(this.context, signal));
    if (connection.consumers.get(this.consumerId) !== this) {
      throw new PulsarError('Disconnected', `consumer of ${fields.topic} was closed while it was registered`);
    }
    this.attachment.connection = connection;
    if (this.seeking.isUnderWay) this.seeking.end();
    else this.acks.grouping.restart();
    this.permits.start();
    this.events.onStarving(this);
  }

  /** With a queue of 0: lets the broker send as many messages as are waited for. */
  ask(wanted: number): void {
    this.permits.ask(wanted);
  }

  private sendFlow(messagePermits: number): void {
    const { connection } = this.attachment;
    if (connection?.isOpen) connection.send('FLOW', { consumerId: this.consumerId, messagePermits });
  }

  onMessage(command: CommandFields<'MESSAGE'>, headersAndPayload: Buffer): void {
    this.arrivals.take(command, headersAndPayload);
  }

  /** Gives permits back that no application will return by taking a message. */
  private release(permits: number): void {
    this.permits.spend(permits);
    this.permits.release(permits);
    this.events.onStarving(this);
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

  /** See {@link TopicAcks}; each throws why the consumer ended, if it did. */
  acknowledge(id: MessageIdParts): Promise<unknown> | undefined {
    this.requireOpen();
    return this.acks.acknowledge(id);
  }

  async acknowledgeCumulative(id: MessageIdParts): Promise<void> {
    this.requireOpen();
    await this.acks.acknowledgeCumulative(id);
  }

  async acknowledgeIn(transaction: TransactionId, id: MessageIdParts, isCumulative: boolean): Promise<void> {
    const connection = this.requireConnection('acknowledge in a transaction');
    await this.acks.acknowledgeIn(connection, transaction, id, isCumulative);
  }

  negativeAcknowledge(id: MessageIdParts): void {
    this.redeliveries.negativeAcknowledge(id);
  }

  /** A subscription with one active consumer can only be rewound as a whole. */
  private askAgain(entries: ReadonlyMap<string, MessageIdInput>): void {
    const { connection } = this.attachment;
    if (this.canOnlyRewind) this.startAgain();
    else if (connection?.isOpen) {
      this.permits.release(this.queue.remove(({ messageId }) => isOf(entries, messageId)));
      askAgain(connection, this.consumerId, entries);
    }
  }

  /** Subscribes anew, for {@link Seeking} too: the broker's own way to rewind brings messages out of order (see `LiveConsumer.rewind` of sessions). */
  startAgain(): void {
    const { connection } = this.attachment;
    if (connection === undefined || !connection.isOpen) return;
    this.acks.grouping.flush();
    this.attachment.take();
    this.queue.remove(() => true);
    const attach = () => this.attachment.again(true);
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
    this.acks.grouping.flush();
    const fields = { consumerId: this.consumerId, ...where };
    await connection.request('SEEK', fields, 'SUCCESS', requestOptions(this.context));
  }

  /** For {@link Seeking}. */
  forgetMessages(): void {
    this.reading.forget();
    this.permits.release(this.queue.remove(() => true));
    this.acks.grouping.clear();
    this.arrivals.chunked.clear();
    this.redeliveries.clear();
  }

  /** Last message of the topic and the end of what is acknowledged without gaps. */
  async lastMessageId(): Promise<TopicEnd> {
    const connection = this.requireConnection('ask for the last message');
    const end = await askTopicEnd(connection, this.consumerId, requestOptions(this.context));
    this.reading.knownEnd = end;
    return end;
  }

  onClosedByBroker(close: CommandFields<'CLOSE_CONSUMER'>): void {
    this.seeking.detach();
    this.acks.grouping.abandon(new PulsarError('Disconnected', 'the broker closed the consumer'));
    this.attachment.closedByBroker(close, this.seeking.isUnderWay);
  }

  onMigrated(migration: CommandFields<'TOPIC_MIGRATED'>): void {
    this.attachment.migrated(migration);
  }

  onDisconnected(): void {
    this.seeking.detach();
    this.attachment.take();
    if (this.endReason === undefined) this.attachment.again(false);
  }

  private requireOpen(): void {
    if (this.endReason !== undefined) throw this.endReason;
  }

  private requireConnection(action: string): Connection {
    this.requireOpen();
    return this.attachment.require(action);
  }

  private endWith(reason: PulsarError, isQuiet = this.isLeaving): void {
    if (this.endReason !== undefined) return;
    this.endReason = reason;
    this.attachment.stop();
    this.arrivals.stop();
    this.redeliveries.end();
    this.context.stats?.remove(this.statsLine);
    this.acks.grouping.end(reason);
    this.seeking.fail(reason);
    this.queue.remove(() => true);
    if (!isQuiet) this.events.onEnded(reason);
  }

  /** Sends the acknowledgements that wait, then closes. */
  async close(): Promise<void> {
    if (this.endReason !== undefined) return;
    this.acks.grouping.flush();
    const connection = this.attachment.take();
    this.endWith(new PulsarError('AlreadyClosed', `the consumer of ${this.options.topic.fullName} was closed`));
    if (connection !== undefined) await closeConsumer(connection, this.consumerId, requestOptions(this.context));
  }

  /** Deletes the subscription. */
  async unsubscribe(): Promise<void> {
    const connection = this.requireConnection('unsubscribe');
    const { consumerId } = this;
    await connection.request('UNSUBSCRIBE', { consumerId }, 'SUCCESS', requestOptions(this.context));
    connection.consumers.delete(consumerId);
    this.attachment.take();
    this.endWith(new PulsarError('AlreadyClosed', `the subscription ${this.options.subscription} was deleted`));
  }
}
