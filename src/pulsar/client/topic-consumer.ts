import { compareMessageIds, type MessageIdParts } from '../../core/message-id.ts';
import { PulsarError } from '../errors.ts';
import type { Connection } from '../network/connection.ts';
import type { ConsumerListener } from '../network/connection-listeners.ts';
import {
  AckType,
  type CommandFields,
  type CommandInput,
  type MessageIdInput,
  serverErrorName,
  ValidationError,
} from '../protocol/index.ts';
import { AckGrouping } from './ack-grouping.ts';
import { type Chunk, INCOMPLETE_EXPIRES_MS } from './chunk-assembler.ts';
import { ChunkedMessages } from './chunked-messages.ts';
import { type ClientContext, connectionFor, requestOptions } from './client-context.ts';
import { DeadLetters } from './dead-letters.ts';
import { type CorruptEntry, decodeEntry, type EntryContext } from './decode-entry.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { payloadDecrypter } from './message-encryption.ts';
import { Permits } from './permits.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { Reconnector } from './reconnector.ts';
import { RedeliveryTimer } from './redelivery-timer.ts';
import { closeConsumer, registerConsumer } from './register.ts';
import { isBeforeStart } from './start-position.ts';
import { canOnlyRewind, subscribeFields, type TopicConsumerOptions } from './topic-consumer-options.ts';
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

/** Where reading starts; the broker starts at the entry, the rest is ours to leave out. */
interface ReadingStart {
  readonly id: MessageIdParts;
  readonly isInclusive: boolean;
}

interface Seeking {
  readonly attached: PromiseWithResolvers<void>;
  isDetached: boolean;
  isAttached: boolean;
}

const MAX_IDS_PER_COMMAND = 1000;

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
  private readonly entryContext: EntryContext;
  private readonly chunked: ChunkedMessages;
  private chunkTimer: NodeJS.Timeout | undefined;
  private readonly canOnlyRewind: boolean;
  private connection: Connection | undefined;
  private assignedUrl: string | undefined;
  private start: ReadingStart | undefined;
  private lastTaken: MessageIdParts | undefined;
  private endReason: PulsarError | undefined;
  private seeking: Seeking | undefined;
  private readonly deadLetters: DeadLetters | undefined;
  private isLeaving = false;
  private knownEnd: { readonly last: MessageIdParts; readonly markDelete?: MessageIdParts } | undefined;

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
    const { maxUncompressedBytes } = context;
    const decrypt =
      options.keyReader &&
      payloadDecrypter(options.keyReader, (error) => context.log('WARN', `a key of an encrypted message: ${error}`));
    this.entryContext = { topic: options.topic.fullName, maxUncompressedBytes, decrypt };
    this.chunked = new ChunkedMessages(this.entryContext, {
      maxPending: options.maxPendingChunkedMessages,
      maxBytes: maxUncompressedBytes,
      onGivenUp: (ids, reason) => {
        if (reason !== 'full' || options.isOldestChunkedAcked) this.settle(ids);
        else for (const id of ids) this.unacked?.add(id);
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
    this.chunked.restart();
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
    const decoded = decodeEntry(command, headersAndPayload, this.entryContext);
    if (this.seeking !== undefined && !this.seeking.isAttached) this.release(decoded.permits);
    else if (decoded.kind === 'messages') this.accept(decoded.messages, decoded.permits);
    else if (decoded.kind === 'chunk') this.takeChunk(command, decoded.chunk);
    else if (decoded.kind === 'corrupt') this.discard(decoded.entry, decoded.permits);
    else this.acceptEncrypted(decoded.raw, decoded.permits);
  }

  private takeChunk(command: CommandFields<'MESSAGE'>, chunk: Chunk): void {
    const delivery = this.chunked.take(command, chunk);
    this.watchChunks();
    if (delivery.kind === 'message') this.accept([delivery.message], 1);
    else if (delivery.kind === 'corrupt') this.discard(delivery.entry, 1);
    else this.release(1);
    if (delivery.kind === 'duplicate') this.settle([chunk.messageId]);
    if (delivery.kind === 'broken') this.giveUp(delivery.ids, delivery.raw.publishTimeMs);
  }

  /** Chunks without their beginning: given up when they are old, else they may come again together. */
  private giveUp(ids: readonly MessageIdParts[], publishTimeMs: number): void {
    const isOld = Date.now() - publishTimeMs >= INCOMPLETE_EXPIRES_MS;
    this.context.log('WARN', `chunks of a message before ${this.at(ids.at(-1))} are missing`);
    if (isOld) this.settle(ids);
    else for (const id of ids) this.unacked?.add(id);
  }

  /** While messages are incomplete: gives up those that nothing comes for. */
  private watchChunks(): void {
    if (this.chunkTimer !== undefined || !this.chunked.hasIncomplete) return;
    this.chunkTimer = setTimeout(() => {
      this.chunkTimer = undefined;
      this.chunked.expire(Number.POSITIVE_INFINITY);
      this.watchChunks();
    }, INCOMPLETE_EXPIRES_MS / 10).unref();
  }

  private settle(ids: readonly MessageIdParts[]): void {
    if (!this.options.isDurable) return;
    for (const id of ids) this.acks.add(id)?.catch(() => undefined);
  }

  private at(id: MessageIdParts | undefined): string {
    return `${id?.ledgerId}:${id?.entryId} of ${this.options.topic.fullName}`;
  }

  /** No key fits, or there are none: `cryptoFailureAction` says what then (PULSAR-WIRE 4). */
  private acceptEncrypted(raw: IncomingMessage, permits: number): void {
    const { cryptoFailureAction, topic } = this.options;
    const { messageId } = raw;
    if (cryptoFailureAction === 'CONSUME') this.accept([raw], permits);
    else if (cryptoFailureAction === 'DISCARD') {
      this.discard({ topic: topic.fullName, messageId, reason: 'DecryptionError' }, permits);
    } else {
      this.release(permits);
      this.unacked?.add(messageId);
      this.context.log('ERROR', `${this.at(messageId)} cannot be decrypted; left unacknowledged`);
    }
  }

  private accept(messages: readonly IncomingMessage[], permits: number): void {
    const first = messages[0]?.messageId;
    if (first?.batchSize !== undefined && messages.length < first.batchSize) {
      const ids = messages.map(({ messageId }) => messageId);
      this.acks.entries.exclude(first.ledgerId, first.entryId, first.batchSize, ids);
    }
    const isNew = first !== undefined && this.start === undefined && !this.acks.mayKnow(first);
    const wanted = isNew ? messages : messages.filter(({ messageId }) => this.isWanted(messageId));
    this.release(permits - wanted.length);
    if (wanted.length === 0) return;
    if (this.deadLetters?.note(wanted)) {
      this.release(wanted.length);
      this.redeliver(wanted.slice(0, 1).map(({ messageId }) => messageId));
      return;
    }
    this.queue.push(wanted);
    this.events.onArrival(this);
  }

  private isWanted(id: MessageIdParts): boolean {
    const { start } = this;
    if (start === undefined || !isBeforeStart(id, start.id, start.isInclusive)) return !this.acks.isAcknowledged(id);
    if (this.options.isDurable) this.acks.add(id)?.catch(() => undefined);
    return false;
  }

  /** Gives permits back that no application will return by taking a message. */
  private release(permits: number): void {
    if (this.options.receiverQueueSize > 0) this.permits.release(permits);
    else if (permits > 0) this.sendFlow(1);
  }

  private discard(entry: CorruptEntry, permits: number): void {
    const { ledgerId, entryId } = entry.messageId;
    this.connection?.send('ACK', {
      consumerId: this.consumerId,
      ackType: AckType.Individual,
      messageId: [{ ledgerId, entryId }],
      validationError: ValidationError[entry.reason],
    });
    this.release(permits);
    if (this.options.onCorrupt !== undefined) this.options.onCorrupt(entry);
    else this.context.log('ERROR', `entry ${ledgerId}:${entryId} of ${entry.topic} is discarded: ${entry.reason}`);
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
    return Promise.all(this.chunked.entriesOf([id]).map((entry) => this.acks.add(entry)));
  }

  async acknowledgeCumulative(id: MessageIdParts): Promise<void> {
    this.requireOpen();
    this.requireCumulative();
    this.unacked?.remove(id);
    await this.acks.addCumulative(this.chunked.limitCumulative(id));
  }

  /** Acknowledges within a transaction, at once; rejects with TransactionConflict when another has acknowledged the message. */
  async acknowledgeIn(transaction: TransactionId, id: MessageIdParts, isCumulative: boolean): Promise<void> {
    this.requireOpen();
    if (isCumulative) this.requireCumulative();
    const { connection, consumerId } = this;
    if (connection === undefined) throw new PulsarError('NotConnected', 'cannot acknowledge in a transaction now');
    await this.sendAckAndWait(connection, {
      consumerId,
      ackType: isCumulative ? AckType.Cumulative : AckType.Individual,
      messageId: [transactionalAckId(id, isCumulative)],
      ...transactionFields(transaction),
    });
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
    const sends: Promise<void>[] = [];
    for (let from = 0; from < ids.length; from += MAX_IDS_PER_COMMAND) {
      const fields = { consumerId, ackType, messageId: ids.slice(from, from + MAX_IDS_PER_COMMAND) };
      if (this.options.isAckReceipt) sends.push(this.sendAckAndWait(connection, fields));
      else connection.send('ACK', fields);
    }
    return Promise.all(sends).then(() => undefined);
  }

  private async sendAckAndWait(connection: Connection, fields: CommandInput<'ACK'>): Promise<void> {
    const answer = await connection.request('ACK', fields, 'ACK_RESPONSE', requestOptions(this.context));
    if (answer.error !== undefined) throw new PulsarError(serverErrorName(answer.error), answer.message ?? 'refused');
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
    const ids = this.chunked.entriesOf(messageIds);
    const wanted = new Set(ids.map(({ ledgerId, entryId }) => `${ledgerId}:${entryId}`));
    const isAgain = ({ messageId }: IncomingMessage) => wanted.has(`${messageId.ledgerId}:${messageId.entryId}`);
    this.release(this.queue.remove(isAgain));
    for (let from = 0; from < ids.length; from += MAX_IDS_PER_COMMAND) {
      const part = ids.slice(from, from + MAX_IDS_PER_COMMAND);
      const entries = part.map(({ ledgerId, entryId }) => ({ ledgerId, entryId }));
      connection.send('REDELIVER_UNACKNOWLEDGED_MESSAGES', { consumerId, messageIds: entries });
    }
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
    this.chunked.clear();
    this.negativeAcks.clear();
    this.unacked?.clear();
    seeking.attached.resolve();
  }

  /** Last message of the topic and the end of what is acknowledged without gaps. */
  async lastMessageId(): Promise<{ last: MessageIdParts; markDelete?: MessageIdParts }> {
    this.requireOpen();
    const { connection, consumerId } = this;
    if (connection === undefined)
      throw new PulsarError('NotConnected', 'cannot ask for the last message while not connected');
    const request = requestOptions(this.context);
    const answer = await connection.request(
      'GET_LAST_MESSAGE_ID',
      { consumerId },
      'GET_LAST_MESSAGE_ID_RESPONSE',
      request,
    );
    const [last, markDelete] = [answer.lastMessageId, answer.consumerMarkDeletePosition].map(
      (id) =>
        id && { ledgerId: id.ledgerId, entryId: id.entryId, partition: id.partition, batchIndex: id.batchIndex ?? -1 },
    );
    this.knownEnd = { last: last as MessageIdParts, ...(markDelete && { markDelete }) };
    return this.knownEnd;
  }

  /** Place of the newest message that was taken, or where reading starts. */
  get position(): { readonly id: MessageIdParts | undefined; readonly isInclusive: boolean } {
    if (this.lastTaken !== undefined) return { id: this.lastTaken, isInclusive: false };
    return { id: this.start?.id, isInclusive: this.start?.isInclusive === true };
  }

  /**
   * PULSAR-WIRE 3.9: the topic's last message, as last asked for, against what was taken last, the start, or (start latest, seek by time) the cursor.
   */
  get isBehindKnownEnd(): boolean {
    if (this.knownEnd === undefined || this.knownEnd.last.entryId < 0) return false;
    const { last, markDelete } = this.knownEnd;
    const { id, isInclusive } = this.position;
    if (id === undefined || id.ledgerId === Number.MAX_SAFE_INTEGER) {
      return markDelete === undefined || compareMessageIds({ ...last, batchIndex: -1 }, markDelete) > 0;
    }
    const difference = compareMessageIds(id.batchIndex < 0 ? { ...last, batchIndex: -1 } : last, id);
    return difference > 0 || (isInclusive && difference === 0);
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
    clearTimeout(this.chunkTimer);
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
