import type { MessageIdParts } from '../../core/message-id.ts';
import type { ReceiveOptions } from '../../core/messaging.ts';
import type { TopicName } from '../../core/topic-name.ts';
import { PulsarError } from '../errors.ts';
import type { Connection } from '../network/connection.ts';
import type { ConsumerListener } from '../network/connection-listeners.ts';
import type { RequestOptions } from '../network/request-table.ts';
import {
  type AckType,
  type CommandFields,
  InitialPosition,
  KeySharedMode,
  type MessageIdInput,
  SubscriptionType,
} from '../protocol/index.ts';
import { askAgain, entriesByKey, isOf, sendAcks } from './ack-commands.ts';
import { BatchReceiver } from './batch-receiver.ts';
import type { Chunk } from './chunk-assembler.ts';
import { ChunkedMessages } from './chunked-messages.ts';
import { decodeEntry, type EntryContext } from './decode-entry.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { Permits } from './permits.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { closeConsumer, keyValues, registerConsumer } from './register.ts';
import { wireSchema } from './schema-info.ts';
import type { SessionConsumer, SessionConsumerOptions } from './session.ts';
import { SessionAcks } from './session-acks.ts';
import { isBeforeStart } from './start-position.ts';
import { askTopicEnd, type TopicEnd } from './topic-end.ts';

/** What a consumer needs of its session. */
interface ConsumerContext {
  readonly maxUncompressedBytes: number;
  readonly fail: (error: PulsarError) => void;
}

/** Messages of which chunks are still missing; a further one makes the oldest unreadable. */
const MAX_INCOMPLETE = 100;
const CHUNKS_MISSING = 'chunks of it are missing';

/** Consumer of a session. */
export class LiveConsumer implements SessionConsumer, ConsumerListener {
  onceClosed: () => void = () => undefined;
  private readonly connection: Connection;
  private readonly topic: TopicName;
  private readonly nextId: () => number;
  private consumerId: number;
  private readonly options: SessionConsumerOptions;
  private readonly context: ConsumerContext;
  private readonly entryContext: EntryContext;
  private readonly acks: SessionAcks;
  private readonly chunked: ChunkedMessages;
  private readonly queue = new ReceiveQueue();
  private readonly permits: Permits;
  private readonly receiver: BatchReceiver;
  private readonly canOnlyRewind: boolean;
  private request: RequestOptions = { timeoutMs: 0 };
  private rewinding: Promise<void> | undefined;
  private endReason: PulsarError | undefined;

  constructor(
    connection: Connection,
    topic: TopicName,
    nextId: () => number,
    options: SessionConsumerOptions,
    context: ConsumerContext,
  ) {
    this.connection = connection;
    this.topic = topic;
    this.nextId = nextId;
    this.consumerId = nextId();
    this.options = options;
    this.context = context;
    this.canOnlyRewind = options.subscriptionType === 'Exclusive' || options.subscriptionType === 'Failover';
    this.permits = new Permits(options.receiverQueueSize, (messagePermits) => {
      const isReady = connection.isOpen && this.rewinding === undefined;
      if (isReady) connection.send('FLOW', { consumerId: this.consumerId, messagePermits });
    });
    this.receiver = new BatchReceiver(this.queue, this.permits, Math.max(1, options.receiverQueueSize));
    this.entryContext = {
      topic: topic.fullName,
      maxUncompressedBytes: context.maxUncompressedBytes,
      isAcknowledged: (ledgerId, entryId, batchIndex) => this.acks.entries.has(ledgerId, entryId, batchIndex),
    };
    this.chunked = new ChunkedMessages(this.entryContext, {
      maxPending: MAX_INCOMPLETE,
      maxBytes: context.maxUncompressedBytes,
      mayReorder: !this.canOnlyRewind,
      onGivenUp: (ids, reason, raw) => {
        if (raw !== undefined) this.acceptUnreadable(raw, CHUNKS_MISSING, 0);
        else if (reason !== 'full') this.acks.settleChunks(ids);
      },
    });
    this.acks = new SessionAcks(this.chunked, {
      mayBeCumulative: this.canOnlyRewind,
      subscriptionType: options.subscriptionType,
      isDurable: options.durable !== false,
      requireOpen: () => this.requireOpen(),
      send: (ackType, ids, wait) => this.sendAck(ackType, ids, wait),
    });
  }

  async register(request: RequestOptions): Promise<void> {
    this.request = { timeoutMs: request.timeoutMs };
    await this.subscribe(request);
    this.permits.start();
  }

  private async subscribe(request: RequestOptions): Promise<void> {
    const { options } = this;
    const { startMessageId } = options;
    const fields = {
      topic: this.topic.fullName,
      subscription: options.subscription,
      subType: SubscriptionType[options.subscriptionType],
      consumerId: this.consumerId,
      consumerName: options.consumerName,
      durable: options.durable ?? true,
      startMessageId: startMessageId && { ledgerId: startMessageId.ledgerId, entryId: startMessageId.entryId },
      schema: wireSchema(options.schema),
      initialPosition: InitialPosition[options.initialPosition],
      subscriptionProperties: keyValues(options.subscriptionProperties),
      keySharedMeta: options.subscriptionType === 'KeyShared' ? { keySharedMode: KeySharedMode.AUTO_SPLIT } : undefined,
    };
    await registerConsumer(this.connection, fields, this, request);
  }

  get receiverQueued(): number {
    return this.queue.length;
  }

  onMessage(command: CommandFields<'MESSAGE'>, headersAndPayload: Buffer): void {
    const decoded = decodeEntry(command, headersAndPayload, this.entryContext);
    if (decoded.kind === 'messages') this.accept(decoded.messages, decoded.permits);
    else if (decoded.kind === 'chunk') this.takeChunk(command, decoded.chunk);
    else if (decoded.kind === 'corrupt') this.acceptUnreadable(decoded.raw, decoded.entry.reason, decoded.permits);
    else this.acceptUnreadable(decoded.raw, 'it is encrypted, and sessions have no keys', decoded.permits);
  }

  private takeChunk(command: CommandFields<'MESSAGE'>, chunk: Chunk): void {
    const delivery = this.chunked.take(command, chunk);
    if (delivery.kind === 'message') this.accept([delivery.message], 1);
    else if (delivery.kind === 'broken') this.acceptUnreadable(delivery.raw, CHUNKS_MISSING, 1);
    else if (delivery.kind === 'corrupt') this.acceptUnreadable(delivery.raw, delivery.entry.reason, 1);
    else {
      if (delivery.kind === 'duplicate') this.acks.settleChunks([chunk.messageId]);
      this.permits.release(1);
    }
  }

  private accept(messages: readonly IncomingMessage[], permits: number): void {
    const { startMessageId, startInclusive } = this.options;
    const wanted =
      startMessageId === undefined
        ? messages
        : messages.filter(({ messageId }) => !isBeforeStart(messageId, startMessageId, startInclusive === true));
    const first = wanted[0]?.messageId;
    if (first?.batchSize !== undefined && wanted.length < first.batchSize) {
      const ids = wanted.map(({ messageId }) => messageId);
      this.acks.entries.exclude(first.ledgerId, first.entryId, first.batchSize, ids);
    }
    this.permits.release(permits - wanted.length);
    if (wanted.length === 0) return;
    this.queue.push(wanted);
    this.chunked.expire(wanted[0]?.publishTimeMs ?? 0);
  }

  /** Hands an entry on that cannot be read, so that the application decides what becomes of it. */
  private acceptUnreadable(raw: IncomingMessage, unreadable: string, permits: number): void {
    this.accept([{ ...raw, unreadable }], permits);
  }

  onClosedByBroker(): void {
    const { subscription } = this.options;
    const error = new PulsarError(
      'ConsumerClosed',
      `the broker closed a consumer of ${subscription} on ${this.topic.fullName}`,
    );
    this.endWith(error);
    this.context.fail(error);
  }

  onDisconnected(reason: PulsarError): void {
    this.endWith(reason);
  }

  private endWith(reason: PulsarError): void {
    if (this.endReason !== undefined) return;
    this.endReason = reason;
    this.receiver.end(reason);
    this.onceClosed();
  }

  private requireOpen(): void {
    if (this.endReason !== undefined) throw this.endReason;
  }

  async receiveBatch(options: ReceiveOptions): Promise<IncomingMessage[]> {
    this.requireOpen();
    const messages = await this.receiver.receive(options);
    if (messages.length === 0) this.chunked.expire(Date.now());
    return messages;
  }

  async lastMessageId(signal?: AbortSignal): Promise<TopicEnd> {
    await this.rewinding;
    this.requireOpen();
    return askTopicEnd(this.connection, this.consumerId, { ...this.request, signal });
  }

  ackCumulative(id: MessageIdParts, options: { wait?: boolean | undefined } = {}): Promise<void> {
    return this.acks.cumulative(id, options.wait === true);
  }

  ackIndividual(ids: readonly MessageIdParts[], options: { wait?: boolean | undefined } = {}): Promise<void> {
    return this.acks.individual(ids, options.wait === true);
  }

  private async sendAck(ackType: AckType, messageId: MessageIdInput[], wait: boolean): Promise<void> {
    if (this.rewinding !== undefined) await this.rewinding;
    this.requireOpen();
    const fields = { consumerId: this.consumerId, ackType, messageId };
    await sendAcks(this.connection, fields, wait ? this.request : undefined);
  }

  redeliver(ids: readonly MessageIdParts[]): void {
    if (this.canOnlyRewind) {
      this.redeliverAll();
      return;
    }
    this.requireOpen();
    const entries = entriesByKey(this.chunked.entriesOf(ids));
    this.drop(({ messageId }) => isOf(entries, messageId));
    askAgain(this.connection, this.consumerId, entries);
  }

  redeliverAll(): void {
    this.requireOpen();
    if (this.canOnlyRewind) {
      if (this.options.durable === false)
        throw new PulsarError('NotAllowedError', 'only durable consumers can be rewound');
      this.rewinding ??= this.rewind();
      return;
    }
    this.drop(() => true);
    this.forgetChunks();
    this.connection.send('REDELIVER_UNACKNOWLEDGED_MESSAGES', { consumerId: this.consumerId });
  }

  /**
   * Subscribes anew. The broker's own rewinding cannot be used: with a read under way in the broker (Pulsar 4.0.7, more often than
   * not under load) it delivers later messages before earlier ones, or leaves some out.
   */
  private async rewind(): Promise<void> {
    this.queue.remove(() => true);
    this.forgetChunks();
    try {
      await closeConsumer(this.connection, this.consumerId, this.request);
      this.consumerId = this.nextId();
      await this.subscribe(this.request);
      this.rewinding = undefined;
      this.permits.start();
    } catch (error) {
      this.context.fail(error as PulsarError);
    }
  }

  private forgetChunks(): void {
    this.chunked.clear();
    this.acks.forgetHeldBack();
  }

  /** Drops queued messages that will come again and gives their permits back. */
  private drop(isUnwanted: (message: IncomingMessage) => boolean): void {
    this.permits.release(this.queue.remove(isUnwanted));
  }

  async close(): Promise<void> {
    await this.rewinding;
    if (this.endReason !== undefined) return;
    this.endWith(new PulsarError('AlreadyClosed', `the consumer of ${this.options.subscription} was closed`));
    await closeConsumer(this.connection, this.consumerId, this.request);
  }

  async unsubscribe(): Promise<void> {
    await this.rewinding;
    this.requireOpen();
    await this.connection.request('UNSUBSCRIBE', { consumerId: this.consumerId }, 'SUCCESS', this.request);
    this.connection.consumers.delete(this.consumerId);
    this.endWith(new PulsarError('AlreadyClosed', `the subscription ${this.options.subscription} was deleted`));
  }
}
