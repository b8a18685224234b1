import type { MessageIdParts } from '../../core/message-id.ts';
import type { TopicName } from '../../core/topic-name.ts';
import { PulsarError } from '../errors.ts';
import type { ClientContext } from './client-context.ts';
import { type ConsumerConfig, type ConsumerSettings, readConsumerConfig } from './consumer-config.ts';
import { ConsumerGroup } from './consumer-group.ts';
import type { DeadLetterOptions } from './dead-letters.ts';
import { runListener } from './listener.ts';
import { Message } from './message.ts';
import type { MessageId } from './message-id.ts';
import { Producer } from './producer.ts';
import { acting, actingNow } from './result-text.ts';
import { namedTopics, patternTopics } from './topic-sources.ts';
import type { Transaction } from './transaction.ts';

/** Additions to how a message is acknowledged. */
export interface AcknowledgeOptions {
  /** Takes effect with it, or never. */
  transaction?: Transaction | undefined;
}

/** The dead-letter topic of one topic; its producer is opened with the first dead letter. */
function deadLetterOptions(
  context: ClientContext,
  { deadLetter, subscription }: ConsumerSettings,
  topic: TopicName,
  schema: ConsumerConfig['schema'],
): DeadLetterOptions | undefined {
  if (deadLetter === undefined) return undefined;
  const { deadLetterTopic = `${topic.fullName}-${subscription}-DLQ`, initialSubscriptionName } = deadLetter;
  let opening: Promise<Producer> | undefined;
  const open = (): Promise<Producer> =>
    Producer.open(context, {
      topic: deadLetterTopic,
      batchingEnabled: false,
      chunkingEnabled: true,
      ...(initialSubscriptionName !== undefined && { initialSubscriptionName }),
      ...(schema !== undefined && { schema }),
    });
  return {
    maxRedeliverCount: deadLetter.maxRedeliverCount,
    send: async (message, properties) => {
      opening ??= open().catch((error) => {
        opening = undefined;
        throw error;
      });
      const { value, key, orderingKey, eventTimeMs } = message;
      return (await opening).send({
        data: value,
        properties,
        ...(key !== undefined && { partitionKey: key }),
        ...(orderingKey !== undefined && { orderingKey: orderingKey.toString() }),
        ...(eventTimeMs !== undefined && { eventTimestamp: eventTimeMs }),
      });
    },
    close: async () => (await opening)?.close(),
  };
}

/** Receives messages of a subscription; made by `Client.subscribe`. */
export class Consumer {
  /** For the client that made this. */
  onceClosed: () => void = () => undefined;
  private readonly group: ConsumerGroup;
  private readonly settings: ConsumerSettings;

  private constructor(group: ConsumerGroup, settings: ConsumerSettings) {
    this.group = group;
    this.settings = settings;
  }

  /** Use `Client.subscribe`. */
  static async open(context: ClientContext, config: ConsumerConfig): Promise<Consumer> {
    const settings = readConsumerConfig(config);
    return acting('create consumer', async () => {
      const { pattern, topics } = settings;
      const source = pattern === undefined ? namedTopics(context, topics) : patternTopics(context, pattern);
      const group = await ConsumerGroup.open(context, source, (topic, count, isAdded) => ({
        ...settings.topic(topic, pattern === undefined ? count : Math.max(count, 2), isAdded),
        deadLetters: deadLetterOptions(context, settings, topic, config.schema),
      }));
      const consumer = new Consumer(group, settings);
      const { listener } = settings;
      if (listener !== undefined) runListener(consumer.group, context, (message) => listener(message, consumer));
      return consumer;
    });
  }

  /**
   * The next message. Without `timeoutMs` (or ≤ 0) waits for ever; rejects with TimeOut, with AlreadyClosed once closed, with
   * InvalidConfiguration when there is a listener.
   */
  receive(timeoutMs?: number): Promise<Message> {
    const queued = this.settings.listener === undefined ? this.group.takeNow() : undefined;
    if (queued !== undefined) return Promise.resolve(new Message(queued));
    return acting('receive message', async () => {
      this.refuseListener();
      return new Message(await this.group.receive(timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined));
    });
  }

  /** What arrives until the batch receive policy is met; may be empty. */
  batchReceive(): Promise<Message[]> {
    return acting('batch receive message', async () => {
      this.refuseListener();
      const messages = await this.group.receiveBatch(this.settings.batchReceive);
      return messages.map((message) => new Message(message));
    });
  }

  private refuseListener(): void {
    if (this.settings.listener !== undefined) {
      throw new PulsarError('InvalidConfiguration', 'a consumer with a listener cannot receive');
    }
  }

  /** In a transaction (an addition) resolves when the broker has noted it, and takes effect when that is committed. */
  acknowledge(message: Message, options?: AcknowledgeOptions): Promise<null> {
    return this.settle('acknowledge', message.getMessageId(), options);
  }

  acknowledgeId(messageId: MessageId, options?: AcknowledgeOptions): Promise<null> {
    return this.settle('acknowledge id', messageId, options);
  }

  private settle(action: string, id: MessageId, options: AcknowledgeOptions | undefined): Promise<null> {
    const { transaction } = options ?? {};
    return actingNow(action, () =>
      transaction === undefined ? this.group.of(id).acknowledge(id.parts) : this.settleIn(transaction, id, false),
    );
  }

  acknowledgeCumulative(message: Message, options?: AcknowledgeOptions): Promise<null> {
    return this.settleThrough('acknowledge cumulatively', message.getMessageId(), options);
  }

  acknowledgeCumulativeId(messageId: MessageId, options?: AcknowledgeOptions): Promise<null> {
    return this.settleThrough('acknowledge cumulatively by id', messageId, options);
  }

  private settleThrough(action: string, id: MessageId, options: AcknowledgeOptions | undefined): Promise<null> {
    const { transaction } = options ?? {};
    return actingNow(action, () =>
      transaction === undefined
        ? this.group.of(id).acknowledgeCumulative(id.parts)
        : this.settleIn(transaction, id, true),
    );
  }

  private settleIn(transaction: Transaction, id: MessageId, isCumulative: boolean): Promise<void> {
    const consumer = this.group.of(id);
    const { topic, subscription } = consumer.options;
    return transaction.settle(topic.fullName, subscription, () =>
      consumer.acknowledgeIn(transaction.id, id.parts, isCumulative),
    );
  }

  /** Has the message (its whole batch) delivered again after `nAckRedeliverTimeoutMs`. */
  negativeAcknowledge(message: Message): void {
    this.negativeAcknowledgeId(message.getMessageId());
  }

  negativeAcknowledgeId(messageId: MessageId): void {
    this.group.of(messageId).negativeAcknowledge(messageId.parts);
  }

  /** Moves the subscription: the next message is the one after `messageId` (or itself, with `startMessageIdInclusive`). */
  seek(messageId: MessageId): Promise<null> {
    return acting('seek message by id', async () => {
      await this.group.seek(messageId);
      return null;
    });
  }

  /** Moves the subscription to the first message published at or after `timestampMs`. */
  seekTimestamp(timestampMs: number): Promise<null> {
    return acting('seek message by timestamp', async () => {
      await this.group.seekTimestamp(timestampMs);
      return null;
    });
  }

  isConnected(): boolean {
    return this.group.isConnected;
  }

  close(): Promise<null> {
    return acting('close consumer', async () => {
      this.onceClosed();
      await this.group.close();
      return null;
    });
  }

  /** Deletes the subscription. */
  unsubscribe(): Promise<null> {
    return acting('unsubscribe consumer', async () => {
      await this.group.unsubscribe();
      this.onceClosed();
      return null;
    });
  }

  /** An addition: last message of the topic (-1:-1 when empty) and the end of what is acknowledged without gaps. One topic only. */
  getLastMessageId(): Promise<{ lastMessageId: MessageIdParts; markDelete?: MessageIdParts }> {
    return acting('get last message id', async () => {
      const [only, ...others] = await this.group.lastMessageIds();
      if (only === undefined || others.length > 0)
        throw new PulsarError('OperationNotSupported', 'there are several topics');
      return { lastMessageId: only.last, ...(only.markDelete && { markDelete: only.markDelete }) };
    });
  }

  /** An addition: whether the topic has a message that was not received yet. */
  hasMessageAvailable(): Promise<boolean> {
    return acting('check if next message is available', () => this.group.hasMessageAvailable());
  }
}
