import type { MessageIdParts } from '../../core/message-id.ts';
import type { TopicName } from '../../core/topic-name.ts';
import { PulsarError } from '../errors.ts';
import type { ClientContext } from './client-context.ts';
import { type ConsumerConfig, type ConsumerSettings, readConsumerConfig } from './consumer-config.ts';
import { ConsumerGroup } from './consumer-group.ts';
import type { DeadLetterOptions } from './dead-letters.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { runListener } from './listener.ts';
import { Message } from './message.ts';
import type { MessageId } from './message-id.ts';
import { ValueReader } from './message-values.ts';
import { numberOption } from './option-values.ts';
import { Producer } from './producer.ts';
import { acting, actingNow } from './result-text.ts';
import { schemaDefinition } from './schema-info.ts';
import { namedTopics, patternTopics } from './topic-sources.ts';
import type { Transaction } from './transaction.ts';
import { actingUntil, disposing, untilClosed, type WaitOptions } from './wait-options.ts';

/** An addition to `receive`: a timeout and a signal. */
export interface ReceiveLimits extends WaitOptions {
  timeoutMs?: number | undefined;
}

/** Additions to how a message is acknowledged. */
export interface AcknowledgeOptions extends WaitOptions {
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
  const { topic: deadLetterTopic = `${topic.fullName}-${subscription}-DLQ`, initialSubscriptionName } = deadLetter;
  let opening: Promise<Producer> | undefined;
  let isClosed = false;
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
      if (isClosed) throw new PulsarError('AlreadyClosed', 'the consumer was closed');
      opening ??= open().catch((error) => {
        opening = undefined;
        throw error;
      });
      const { value, key, isKeyBase64, orderingKey, eventTimeMs } = message;
      return (await opening).forward({ value, key, isKeyBase64, orderingKey, eventTimeMs, properties });
    },
    close: async () => {
      isClosed = true;
      await (await opening)?.close();
    },
  };
}

/** Waits for a message of a group as the argument of `receive` or `readNext` says. */
export function receiveFrom(
  group: ConsumerGroup,
  timeout: number | ReceiveLimits | undefined,
): Promise<IncomingMessage> {
  const { timeoutMs, signal }: ReceiveLimits = typeof timeout === 'object' ? timeout : { timeoutMs: timeout };
  return group.receive(numberOption(timeoutMs, 1, 0) || undefined, signal);
}

/** Throws `PulsarError` InvalidConfiguration if there is a listener: it gets the messages. */
export function refuseBeside(listener: unknown): void {
  if (listener !== undefined) throw new PulsarError('InvalidConfiguration', 'with a listener nobody else can receive');
}

/** Receives messages of a subscription; made by `Client.subscribe`. */
export class Consumer {
  /** For the client that made this. */
  onceClosed: () => void = () => undefined;
  private readonly group: ConsumerGroup;
  private readonly settings: ConsumerSettings;
  private readonly values: ValueReader;

  private constructor(group: ConsumerGroup, settings: ConsumerSettings, values: ValueReader) {
    this.group = group;
    this.settings = settings;
    this.values = values;
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
      const values = new ValueReader(context.schemas, config.schema && schemaDefinition(config.schema));
      const consumer = new Consumer(group, settings, values);
      const { listener } = settings;
      if (listener !== undefined)
        runListener(consumer.group, context, values, (message) => listener(message, consumer));
      return consumer;
    });
  }

  /**
   * The next message. Without a timeout in ms (or ≤ 0) waits for ever; rejects with TimeOut, with AlreadyClosed once closed, with
   * InvalidConfiguration when there is a listener. A signal (an addition) takes no message away.
   */
  receive(timeout?: number | ReceiveLimits): Promise<Message> {
    const isPlain = this.settings.listener === undefined && typeof timeout !== 'object';
    const queued = isPlain ? this.group.takeNow() : undefined;
    if (queued !== undefined) return Promise.resolve(new Message(queued, this.values));
    return acting('receive message', async () => {
      refuseBeside(this.settings.listener);
      return new Message(await receiveFrom(this.group, timeout), this.values);
    });
  }

  /** An addition: the messages one after the other, until the consumer is closed. */
  [Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    return this.messages();
  }

  /** An addition: as the consumer's own iterator, with a signal that ends it with Aborted. */
  messages(options: WaitOptions = {}): AsyncGenerator<Message, void, undefined> {
    return untilClosed(() => this.receive(options));
  }

  /** What arrives until the batch receive policy is met; may be empty. */
  batchReceive(options?: WaitOptions): Promise<Message[]> {
    return acting('batch receive message', async () => {
      refuseBeside(this.settings.listener);
      const messages = await this.group.receiveBatch(this.settings.batchReceive, options?.signal);
      return messages.map((message) => new Message(message, this.values));
    });
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
    return this.actingOn(action, options, () =>
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
    return this.actingOn(action, options, () =>
      transaction === undefined
        ? this.group.of(id).acknowledgeCumulative(id.parts)
        : this.settleIn(transaction, id, true),
    );
  }

  private actingOn(
    action: string,
    options: AcknowledgeOptions | undefined,
    work: () => Promise<unknown> | undefined,
  ): Promise<null> {
    if (options?.signal === undefined) return actingNow(action, work);
    return actingUntil(action, options, async () => {
      await work();
      return null;
    });
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
  seek(messageId: MessageId, options?: WaitOptions): Promise<null> {
    return actingUntil('seek message by id', options, async () => {
      await this.group.seek(messageId);
      return null;
    });
  }

  /** Moves the subscription to the first message published at or after `timestampMs`. */
  seekTimestamp(timestampMs: number, options?: WaitOptions): Promise<null> {
    return actingUntil('seek message by timestamp', options, async () => {
      await this.group.seekTimestamp(timestampMs);
      return null;
    });
  }

  isConnected(): boolean {
    return this.group.isConnected;
  }

  close(options?: WaitOptions): Promise<null> {
    return actingUntil('close consumer', options, async () => {
      this.onceClosed();
      await this.group.close();
      return null;
    });
  }

  /** Deletes the subscription. */
  unsubscribe(options?: WaitOptions): Promise<null> {
    return actingUntil('unsubscribe consumer', options, async () => {
      await this.group.unsubscribe();
      this.onceClosed();
      return null;
    });
  }

  /** An addition: last message of the topic (-1:-1 when empty) and the end of what is acknowledged without gaps. One topic only. */
  getLastMessageId(options?: WaitOptions): Promise<{ lastMessageId: MessageIdParts; markDelete?: MessageIdParts }> {
    return actingUntil('get last message id', options, async () => {
      const [only, ...others] = await this.group.lastMessageIds();
      if (only === undefined || others.length > 0)
        throw new PulsarError('OperationNotSupported', 'there are several topics');
      return { lastMessageId: only.last, ...(only.markDelete && { markDelete: only.markDelete }) };
    });
  }

  /** An addition: whether the topic has a message that was not received yet. */
  hasMessageAvailable(options?: WaitOptions): Promise<boolean> {
    return actingUntil('check if next message is available', options, () => this.group.hasMessageAvailable());
  }

  /** An addition: closes for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return disposing(() => this.close());
  }
}
