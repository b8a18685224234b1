import type { MessageIdParts } from '../../core/message-id.ts';
import { PulsarError } from '../errors.ts';
import type { Connection } from '../network/connection.ts';
import type { ProducerListener } from '../network/connection-listeners.ts';
import { type CommandFields, ProtocolError, ServerError, serverErrorName } from '../protocol/index.ts';
import { Attachment } from './attachment.ts';
import { BatchTimer } from './batch-timer.ts';
import { Batcher, type UnnumberedMessage, type WaitingMessage } from './batcher.ts';
import { type ClientContext, requestOptions } from './client-context.ts';
import { encodeEntries } from './encode-chunks.ts';
import { type EncodedEntry, type EncryptPayload, type OutgoingMessage, sendFields } from './encode-entry.ts';
import { entryRuns } from './entry-runs.ts';
import { PendingEntries, type PendingEntry } from './pending-entries.ts';
import { closeProducer, registerProducer } from './register.ts';
import { resultText } from './result-text.ts';
import { ProducerStats } from './stats.ts';
import { encrypterOf, producerFields, type TopicProducerOptions } from './topic-producer-options.ts';

/** Producer for one topic or partition: batches, pipelines, and sends again in order after a reconnect. */
export class TopicProducer implements ProducerListener {
  readonly options: TopicProducerOptions;
  name = '';
  /** Highest sequence id that the broker is known to have; -1 = none. */
  lastSequenceId = -1;
  private readonly context: ClientContext;
  private readonly producerId: number;
  private readonly attachment: Attachment;
  private readonly encrypt: EncryptPayload | undefined;
  private readonly batcher: Batcher;
  private readonly pending: PendingEntries;
  private pendingMessages = 0;
  private readonly blocked: WaitingMessage[] = [];
  private readonly batchTimer: BatchTimer;
  private knownMaxMessageBytes = Number.POSITIVE_INFINITY;
  /** Of the next message that brings none. */
  nextSequenceId = 0;
  private epoch = -1;
  private topicEpoch: number | undefined;
  private schemaVersion: Buffer | undefined;
  private readonly stats: ProducerStats | undefined;
  private readonly statsLine = (): string => this.stats?.take(`${this.options.topic.fullName}, ${this.name}`) ?? '';
  private endReason: PulsarError | undefined;
  /** Of the chunked message whose receipts are coming in. */
  private firstChunk: { readonly ledgerId: number; readonly entryId: number } | undefined;

  constructor(context: ClientContext, options: TopicProducerOptions) {
    this.context = context;
    this.options = options;
    this.producerId = context.nextId();
    this.stats = context.stats && new ProducerStats();
    this.encrypt = encrypterOf(options, (error) =>
      context.log('WARN', `${this.name} sends without encryption: ${error}`),
    );
    this.batcher = new Batcher(options.batching ?? { maxMessages: 1, maxBytes: 0, isKeyBased: false });
    this.batchTimer = new BatchTimer(this.batcher, options.batching?.maxDelayMs ?? 0, () => this.flushBatch());
    this.pending = new PendingEntries(options.sendTimeoutMs, () =>
      this.failPending(
        new PulsarError('TimeOut', `no receipt within ${options.sendTimeoutMs} ms${this.attachment.trouble}`),
      ),
    );
    this.attachment = new Attachment(context, options.topic.fullName, {
      register: (...place) => this.register(...place),
      onGivenUp: (error) => this.endWith(error),
    });
  }

  /** The version that the broker gave the schema at the last registration; undefined without one. */
  get registeredSchemaVersion(): Buffer | undefined {
    return this.schemaVersion?.length ? this.schemaVersion : undefined;
  }

  get isConnected(): boolean {
    return this.attachment.connection !== undefined;
  }

  async start(): Promise<void> {
    try {
      await this.attachment.start();
    } catch (error) {
      this.endWith(error as PulsarError);
      throw error;
    }
  }

  private async register(connection: Connection, signal: AbortSignal): Promise<void> {
    const isFirst = this.name === '';
    const state = {
      producerId: this.producerId,
      name: isFirst ? undefined : this.name,
      epoch: ++this.epoch,
      topicEpoch: this.topicEpoch,
    };
    const fields = producerFields(this.options, state);
    const success = await registerProducer(connection, fields, this, requestOptions(this.context, signal));
    if (connection.producers.get(this.producerId) !== this) {
      throw new PulsarError('Disconnected', `producer of ${fields.topic} was closed while it was registered`);
    }
    this.topicEpoch = success.topicEpoch;
    this.schemaVersion = success.schemaVersion && Buffer.from(success.schemaVersion);
    if (isFirst) this.begin(success);
    this.knownMaxMessageBytes = connection.maxMessageBytes;
    this.attachment.connection = connection;
    for (const pending of this.pending.all) this.transmit(pending);
  }

  private begin(success: CommandFields<'PRODUCER_SUCCESS'>): void {
    this.name = success.producerName;
    this.lastSequenceId = success.lastSequenceId ?? -1;
    this.nextSequenceId = (this.options.initialSequenceId ?? this.lastSequenceId) + 1;
    this.context.stats?.add(this.statsLine);
  }

  /** Takes a message and settles it: with its place once the broker has stored it. Messages that have to wait for room keep their order. */
  accept(waiting: WaitingMessage): void {
    if (this.isFull) this.flushBatch();
    if (this.endReason !== undefined) waiting.reject(this.endReason);
    else if (!this.isFull) this.enqueue(waiting);
    else if (this.options.blockIfQueueFull) this.blocked.push(waiting);
    else {
      const message = `${this.pendingMessages} messages wait for their receipts`;
      waiting.reject(new PulsarError('ProducerQueueIsFull', message));
    }
  }

  /** {@link accept} as a promise. */
  send(message: UnnumberedMessage): Promise<MessageIdParts> {
    return new Promise((resolve, reject) => this.accept({ message, resolve, reject }));
  }

  private get isFull(): boolean {
    return this.pendingMessages >= this.options.maxPendingMessages || this.blocked.length > 0;
  }

  private enqueue(waiting: WaitingMessage): void {
    this.pendingMessages++;
    const { message } = waiting;
    const { batching } = this.options;
    const mustBeAlone = message.deliverAtMs !== undefined || message.replicateTo !== undefined;
    if (batching === undefined || mustBeAlone) {
      this.flushBatch();
      this.seal([waiting], performance.now());
      return;
    }
    if (this.batcher.isTooLargeFor(message)) this.flushBatch();
    if (this.batcher.add(waiting)) this.flushBatch();
    else this.batchTimer.watch();
  }

  private flushBatch(): void {
    if (this.batcher.length === 0) return;
    const { beganAtMs } = this.batcher;
    for (const batch of this.batcher.drain()) {
      for (const run of entryRuns(batch, this)) this.seal(run, beganAtMs);
    }
  }

  private seal(waiting: readonly WaitingMessage[], beganAtMs: number): void {
    const messages = waiting.map(({ message }) => this.numbered(message));
    this.stats?.note(messages);
    let entries: readonly EncodedEntry[];
    try {
      entries = encodeEntries(messages, this.options.isChunking, {
        producerName: this.name,
        compression: this.options.compression,
        schemaVersion: this.registeredSchemaVersion,
        maxMessageBytes: this.attachment.connection?.maxMessageBytes ?? this.knownMaxMessageBytes,
        publishTimeMs: Date.now(),
        encrypt: this.encrypt,
        memory: this.context.batchMemory,
      });
    } catch (error) {
      this.refuse({ waiting, beganAtMs }, error as Error);
      return;
    }
    for (const entry of entries) {
      const isDone = entry.chunk === undefined || entry.chunk.isLast;
      this.transmit(this.pending.add({ entry, waiting: isDone ? waiting : [], beganAtMs, timesSent: 0 }));
    }
  }

  private numbered(message: UnnumberedMessage): OutgoingMessage {
    message.sequenceId ??= this.nextSequenceId++;
    return message as OutgoingMessage;
  }

  private transmit(pending: PendingEntry): void {
    const { entry } = pending;
    const { connection } = this.attachment;
    if (connection === undefined || !connection.isOpen) return;
    this.knownMaxMessageBytes = connection.maxMessageBytes;
    pending.timesSent++;
    connection.sendPayload(sendFields(this.producerId, entry), entry.headersAndPayload);
  }

  onReceipt({ sequenceId, messageId }: CommandFields<'SEND_RECEIPT'>): void {
    const head = this.pending.oldest;
    if (head === undefined || sequenceId < head.entry.lowestSequenceId) return;
    if (sequenceId !== head.entry.lowestSequenceId) {
      this.attachment.connection?.destroy(
        new ProtocolError(`the receipt for sequence ${sequenceId} is not the next one`),
      );
      return;
    }
    this.pending.shift();
    this.reuse(head);
    const { chunk } = head.entry;
    if (chunk?.isFirst) this.firstChunk = messageId;
    if (chunk?.isLast === false) return;
    this.lastSequenceId = Math.max(this.lastSequenceId, head.entry.highestSequenceId);
    this.stats?.done('Ok', head.waiting.length, performance.now() - head.beganAtMs);
    const { partition } = this.options.topic;
    const firstChunk = chunk && this.firstChunk && { ...this.firstChunk, partition, batchIndex: -1 };
    const { ledgerId, entryId } = messageId ?? { ledgerId: -1, entryId: -1 };
    const batchSize = head.entry.count > 1 ? head.entry.count : undefined;
    this.settle(head.waiting, (one, index) => {
      one.resolve({ ledgerId, entryId, partition, batchIndex: batchSize ? index : -1, batchSize, firstChunk });
    });
  }

  /** What was sent once is read by nobody after its receipt; of what was sent again, a copy may still wait in a socket. */
  private reuse({ entry: { borrowed }, timesSent }: PendingEntry): void {
    if (borrowed !== undefined && timesSent === 1) this.context.batchMemory.giveBack(borrowed);
  }

  onSendError({ sequenceId, error, message }: CommandFields<'SEND_ERROR'>): void {
    const refusal = new PulsarError(serverErrorName(error), message);
    if (error === ServerError.TopicTerminatedError) {
      this.endWith(refusal);
      return;
    }
    if (error === ServerError.NotAllowedError || error === ServerError.ChecksumError) {
      for (;;) {
        const refused = this.pending.remove(sequenceId, refusal);
        if (refused === undefined) return;
        this.refuse(refused, refusal);
      }
    }
    this.context.log('WARN', `sequence ${sequenceId} of ${this.name} was refused, registering anew: ${message}`);
    this.leave();
    this.attachment.again(false);
  }

  /** Leaves the connection without waiting; what is pending is sent again after the next registration. */
  private leave(): void {
    const connection = this.attachment.take();
    if (connection === undefined) return;
    closeProducer(connection, this.producerId, requestOptions(this.context)).catch(() => undefined);
  }

  onClosedByBroker(close: CommandFields<'CLOSE_PRODUCER'>): void {
    this.attachment.closedByBroker(close);
  }

  onMigrated(migration: CommandFields<'TOPIC_MIGRATED'>): void {
    this.attachment.migrated(migration);
  }

  onDisconnected(): void {
    this.attachment.take();
    if (this.endReason === undefined) this.attachment.again(false);
  }

  private settle(waiting: readonly WaitingMessage[], finish: (one: WaitingMessage, index: number) => void): void {
    this.pendingMessages -= waiting.length;
    waiting.forEach(finish);
    while (this.blocked.length > 0 && this.pendingMessages < this.options.maxPendingMessages) {
      this.enqueue(this.blocked.shift() as WaitingMessage);
    }
  }

  private refuse({ waiting, beganAtMs }: Pick<PendingEntry, 'waiting' | 'beganAtMs'>, error: Error): void {
    this.stats?.done(resultText(error), waiting.length, performance.now() - beganAtMs);
    this.settle(waiting, (one) => one.reject(error));
  }

  private failPending(error: PulsarError): void {
    this.batchTimer.stop();
    const { beganAtMs } = this.batcher;
    const collected = this.batcher.drain();
    for (const entry of this.pending.drain(error)) this.refuse(entry, error);
    for (const waiting of collected) this.refuse({ waiting, beganAtMs }, error);
  }

  /** Waits until everything given to `send` so far is settled; rejects when the last of it failed. */
  async flush(): Promise<void> {
    if (this.endReason !== undefined) throw this.endReason;
    const last = this.blocked.at(-1);
    for (let isIn = false; !isIn; ) {
      isIn = last === undefined || !this.blocked.includes(last);
      this.flushBatch();
      await this.pending.flushed();
    }
  }

  private endWith(reason: PulsarError): void {
    if (this.endReason !== undefined) return;
    this.endReason = reason;
    this.context.stats?.remove(this.statsLine);
    this.attachment.stop();
    for (const waiting of this.blocked.splice(0)) waiting.reject(reason);
    this.failPending(reason);
  }

  async close(): Promise<void> {
    if (this.endReason?.code === 'AlreadyClosed') throw this.endReason;
    if (this.isConnected && this.endReason === undefined) await this.flush().catch(() => undefined);
    const connection = this.attachment.take();
    this.endWith(new PulsarError('AlreadyClosed', `producer ${this.name} was closed`));
    if (connection !== undefined) await closeProducer(connection, this.producerId, requestOptions(this.context));
  }
}
