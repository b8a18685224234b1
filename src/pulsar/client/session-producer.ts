import type { Receipt } from '../../core/messaging.ts';
import type { TopicName } from '../../core/topic-name.ts';
import { PulsarError } from '../errors.ts';
import type { Connection } from '../network/connection.ts';
import type { ProducerListener } from '../network/connection-listeners.ts';
import type { RequestOptions } from '../network/request-table.ts';
import { type CommandFields, ProtocolError, serverErrorName } from '../protocol/index.ts';
import { encodeEntry, estimateMessageBytes, type OutgoingMessage, sendFields } from './encode-entry.ts';
import { closeProducer, keyValues, registerProducer } from './register.ts';
import { wireSchema } from './schema-info.ts';
import type { SessionProducer, SessionProducerOptions } from './session.ts';

interface PendingEntry {
  readonly lowestSequenceId: number;
  readonly highestSequenceId: number;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: PulsarError) => void;
}

/** Producer of a session: what cannot be known to have gone well ends the session. */
export class LiveProducer implements SessionProducer, ProducerListener {
  name = '';
  lastSequenceId = -1;
  onceClosed: () => void = () => undefined;
  private readonly connection: Connection;
  private readonly topic: TopicName;
  private readonly producerId: number;
  private readonly options: SessionProducerOptions;
  private readonly fail: (error: PulsarError) => void;
  private pending: PendingEntry[] = [];
  private schemaVersion: Buffer | undefined;
  private endReason: PulsarError | undefined;
  private whenIdle: (() => void) | undefined;
  private closing: Promise<void> | undefined;
  private request: RequestOptions = { timeoutMs: 0 };

  constructor(
    connection: Connection,
    topic: TopicName,
    producerId: number,
    options: SessionProducerOptions,
    fail: (error: PulsarError) => void,
  ) {
    this.connection = connection;
    this.topic = topic;
    this.producerId = producerId;
    this.options = options;
    this.fail = fail;
  }

  get maxMessageBytes(): number {
    return this.connection.maxMessageBytes;
  }

  async register(request: RequestOptions): Promise<void> {
    const { producerName, schema, properties, initialSubscriptionName } = this.options;
    this.request = { timeoutMs: request.timeoutMs };
    const fields = {
      topic: this.topic.fullName,
      producerId: this.producerId,
      producerName,
      userProvidedProducerName: producerName !== undefined,
      metadata: keyValues(properties),
      schema: wireSchema(schema),
      initialSubscriptionName,
    };
    const success = await registerProducer(this.connection, fields, this, request);
    this.name = success.producerName;
    this.lastSequenceId = success.lastSequenceId ?? -1;
    this.schemaVersion = success.schemaVersion && Buffer.from(success.schemaVersion);
  }

  estimateBytes(message: OutgoingMessage): number {
    return estimateMessageBytes(message);
  }

  async sendEntry(messages: readonly OutgoingMessage[]): Promise<Receipt> {
    if (this.endReason !== undefined) throw this.endReason;
    if (this.closing !== undefined) throw new PulsarError('AlreadyClosed', `producer ${this.name} is being closed`);
    const schemaVersion = messages[0]?.schemaVersion ?? this.schemaVersion;
    const entry = encodeEntry(messages, {
      producerName: this.name,
      compression: this.options.compression ?? 'NONE',
      schemaVersion: schemaVersion?.length ? schemaVersion : undefined,
      maxMessageBytes: this.maxMessageBytes,
      publishTimeMs: Date.now(),
    });
    const { lowestSequenceId, highestSequenceId } = entry;
    const { promise, resolve, reject } = Promise.withResolvers<Receipt>();
    this.pending.push({ lowestSequenceId, highestSequenceId, resolve, reject });
    this.connection.sendPayload(sendFields(this.producerId, entry), entry.headersAndPayload);
    return promise;
  }

  onReceipt(receipt: CommandFields<'SEND_RECEIPT'>): void {
    const entry = this.pending.shift();
    if (entry === undefined || entry.lowestSequenceId !== receipt.sequenceId) {
      if (entry !== undefined) this.pending.unshift(entry);
      this.fail(new ProtocolError(`a receipt for sequence ${receipt.sequenceId} of ${this.name} is not the next one`));
      return;
    }
    const { lowestSequenceId, highestSequenceId } = entry;
    entry.resolve({ messageId: this.receivedId(receipt), lowestSequenceId, highestSequenceId });
    this.noteIdle();
  }

  private receivedId({ messageId }: CommandFields<'SEND_RECEIPT'>): Receipt['messageId'] {
    if (messageId === undefined || messageId.ledgerId < 0) return null;
    const { ledgerId, entryId } = messageId;
    return { ledgerId, entryId, partition: this.topic.partition, batchIndex: -1 };
  }

  onSendError({ sequenceId, error, message }: CommandFields<'SEND_ERROR'>): void {
    const index = this.pending.findIndex((entry) => entry.highestSequenceId === sequenceId);
    const refusal = new PulsarError(serverErrorName(error), `sequence ${sequenceId} of ${this.name}: ${message}`);
    const [entry] = index < 0 ? [] : this.pending.splice(index, 1);
    entry?.reject(refusal);
    if (entry === undefined || this.pending.length > 0) this.fail(refusal);
    else this.noteIdle();
  }

  onClosedByBroker(): void {
    const error = new PulsarError(
      'ProducerClosed',
      `the broker closed producer ${this.name} of ${this.topic.fullName}`,
    );
    this.endWith(error);
    this.fail(error);
  }

  onDisconnected(reason: PulsarError): void {
    const isOwn = reason.code === 'AlreadyClosed' || reason.code === 'Disconnected';
    const message = `the session of producer ${this.name} ended: ${reason.message}`;
    this.endWith(isOwn ? reason : new PulsarError('Disconnected', message, { cause: reason }));
  }

  private endWith(reason: PulsarError): void {
    if (this.endReason !== undefined) return;
    this.endReason = reason;
    const pending = this.pending;
    this.pending = [];
    for (const entry of pending) entry.reject(reason);
    this.noteIdle();
    this.onceClosed();
  }

  private noteIdle(): void {
    if (this.pending.length === 0) this.whenIdle?.();
  }

  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    if (this.pending.length > 0) await this.waitForReceipts();
    if (this.endReason !== undefined) return;
    await closeProducer(this.connection, this.producerId, this.request);
    this.endWith(new PulsarError('AlreadyClosed', `producer ${this.name} was closed`));
  }

  private async waitForReceipts(): Promise<void> {
    const idle = Promise.withResolvers<void>();
    this.whenIdle = idle.resolve;
    const { timeoutMs } = this.request;
    const message = `producer ${this.name} got no receipts within ${timeoutMs} ms while closing`;
    const timer = setTimeout(() => this.fail(new PulsarError('TimeOut', message)), timeoutMs);
    await idle.promise;
    clearTimeout(timer);
  }
}
