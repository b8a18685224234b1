import type { MessageIdParts } from '../../core/message-id.ts';
import type { IncomingMessage, MessagingConsumer, ReceiveOptions } from '../../core/messaging.ts';
import { MessageId } from '../client/message-id.ts';
import { PulsarError } from '../errors.ts';
import type { NativeConsumer, NativeMessage, NativePulsar } from './native-api.ts';
import { acting, notThere } from './native-errors.ts';

/** How long the native consumer gathers messages; aborts are looked for as often. */
export const GATHER_MS = 50;

const toIncoming = (message: NativeMessage): IncomingMessage => {
  const eventTimeMs = message.getEventTimestamp() || undefined;
  return {
    messageId: MessageId.deserialize(message.getMessageId().serialize()).parts,
    topic: message.getTopicName(),
    key: message.getPartitionKey() || undefined,
    value: message.getData(),
    properties: { ...message.getProperties() },
    publishTimeMs: message.getPublishTimestamp(),
    eventTimeMs,
    producerName: message.getProducerName(),
    sequenceId: -1,
    entryHighestSequenceId: -1,
    redeliveryCount: message.getRedeliveryCount(),
  };
};

const nameOf = ({ ledgerId, entryId, batchIndex }: MessageIdParts): string => `${ledgerId}:${entryId}:${batchIndex}`;

/** core's consumer over a native one, for ATLEAST_ONCE. Sequence ids and null values cannot be seen through it. */
export class NativeMessagingConsumer implements MessagingConsumer {
  private readonly pulsar: NativePulsar;
  private readonly consumer: NativeConsumer;
  private readonly gathered: IncomingMessage[] = [];
  /** The native ids of what is not acknowledged: those know the other messages of their batch. */
  private readonly ids = new Map<string, ReturnType<NativeMessage['getMessageId']>>();

  constructor(pulsar: NativePulsar, consumer: NativeConsumer) {
    this.pulsar = pulsar;
    this.consumer = consumer;
  }

  async receiveBatch({ maxMessages, maxBytes, lingerMs, waitMs, signal }: ReceiveOptions): Promise<IncomingMessage[]> {
    const startMs = performance.now();
    let untilMs = startMs + waitMs;
    const isEnough = () => this.gathered.length >= maxMessages || performance.now() >= untilMs;
    for (let hadSome = this.gathered.length > 0; !isEnough(); ) {
      if (signal?.aborted) throw new PulsarError('Aborted', 'receiving was aborted', { cause: signal.reason });
      await this.gather();
      if (hadSome || this.gathered.length === 0) continue;
      hadSome = true;
      untilMs = performance.now() + lingerMs;
    }
    return this.gathered.splice(0, this.fitting(maxMessages, maxBytes));
  }

  private async gather(): Promise<void> {
    for (const message of await acting(() => this.consumer.batchReceive())) {
      const incoming = toIncoming(message);
      this.ids.set(nameOf(incoming.messageId), message.getMessageId());
      this.gathered.push(incoming);
    }
  }

  private fitting(maxMessages: number, maxBytes = Number.POSITIVE_INFINITY): number {
    let bytes = 0;
    for (let count = 0; count < Math.min(maxMessages, this.gathered.length); count++) {
      bytes += this.gathered[count]?.value?.length ?? 0;
      if (count > 0 && bytes > maxBytes) return count;
    }
    return Math.min(maxMessages, this.gathered.length);
  }

  private nativeId(id: MessageIdParts): ReturnType<NativeMessage['getMessageId']> {
    return this.ids.get(nameOf(id)) ?? this.pulsar.MessageId.deserialize(new MessageId(id).serialize());
  }

  async lastMessageId(): Promise<never> {
    throw notThere('the end of a topic and the mark-delete position cannot be asked for');
  }

  async ackCumulative(id: MessageIdParts): Promise<void> {
    await acting(() => this.consumer.acknowledgeCumulativeId(this.nativeId(id)));
    for (const name of this.ids.keys()) {
      this.ids.delete(name);
      if (name === nameOf(id)) break;
    }
  }

  async ackIndividual(ids: readonly MessageIdParts[]): Promise<void> {
    await Promise.all(ids.map((id) => acting(() => this.consumer.acknowledgeId(this.nativeId(id)))));
    for (const id of ids) this.ids.delete(nameOf(id));
  }

  redeliver(ids: readonly MessageIdParts[]): void {
    for (const id of ids) {
      this.consumer.negativeAcknowledgeId(this.nativeId(id));
      this.ids.delete(nameOf(id));
    }
  }

  async close(): Promise<void> {
    await acting(() => this.consumer.close());
  }

  async unsubscribe(): Promise<void> {
    await acting(() => this.consumer.unsubscribe());
  }
}
