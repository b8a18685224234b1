import { type PublicEncryptionContext, publicEncryptionContext } from './encryption-context.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { MessageId } from './message-id.ts';
import type { ValueReader } from './message-values.ts';
import { acting } from './result-text.ts';

/** A received message, with the getters of npm `pulsar-client`. */
export class Message {
  private readonly content: IncomingMessage | undefined;
  private readonly values: ValueReader | undefined;

  /** Made by consumers and readers; one without content is what npm `pulsar-client` gives for `new Message()`. */
  constructor(content?: IncomingMessage, values?: ValueReader) {
    this.content = content;
    this.values = values;
  }

  private built(): IncomingMessage {
    if (this.content === undefined) throw new Error('Message has not been built');
    return this.content;
  }

  /** Name of the partition on a partitioned topic. */
  getTopicName(): string {
    return this.built().topic;
  }

  getProperties(): Record<string, string> {
    return { ...this.built().properties };
  }

  /** A copy; empty for a null value. */
  getData(): Buffer {
    return Buffer.from(this.built().value ?? []);
  }

  getMessageId(): MessageId {
    const { messageId, topic } = this.built();
    return new MessageId(messageId, topic);
  }

  /** Epoch milliseconds. */
  getPublishTimestamp(): number {
    return this.built().publishTimeMs;
  }

  /** Epoch milliseconds; 0 when not set. */
  getEventTimestamp(): number {
    return this.built().eventTimeMs ?? 0;
  }

  getRedeliveryCount(): number {
    return this.built().redeliveryCount;
  }

  /** Empty when not set. */
  getPartitionKey(): string {
    return this.built().key ?? '';
  }

  /** Empty when not set. */
  getOrderingKey(): string {
    return this.built().orderingKey?.toString() ?? '';
  }

  getProducerName(): string {
    return this.built().producerName;
  }

  isReplicated(): boolean {
    return this.built().replicatedFrom !== undefined;
  }

  /** Empty when the message was not replicated. */
  getReplicatedFrom(): string {
    return this.built().replicatedFrom ?? '';
  }

  /** null for a message that was not published encrypted. */
  getEncryptionContext(): PublicEncryptionContext | null {
    const { encryption } = this.built();
    return encryption === undefined ? null : publicEncryptionContext(encryption);
  }

  /** An addition to npm `pulsar-client`. */
  getSequenceId(): number {
    return this.built().sequenceId;
  }

  /** An addition to npm `pulsar-client`: eight bytes, big-endian; undefined without a schema. */
  getSchemaVersion(): Buffer | undefined {
    return this.built().schemaVersion;
  }

  /**
   * An addition to npm `pulsar-client`: the value, read by the consumer's schema and the version that the message was written with; a
   * Buffer without a schema, null for a null value. Rejects with InvalidMessage when it does not fit.
   */
  getValue(): Promise<unknown> {
    const content = this.built();
    return acting('read the value', async () =>
      this.values === undefined ? content.value : this.values.read(content),
    );
  }

  /** An addition to npm `pulsar-client`: whether the value is null, which `getData` cannot tell. */
  isNull(): boolean {
    return this.built().value === null;
  }
}
