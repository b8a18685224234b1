import { compareMessageIds, type MessageIdParts } from '../../core/message-id.ts';
import { partitionTopicName, type TopicName } from '../../core/topic-name.ts';
import { PulsarError } from '../errors.ts';
import { partitionCount } from '../network/lookup.ts';
import { parseTopicName } from '../protocol/index.ts';
import { type ClientContext, requestOptions } from './client-context.ts';
import { Inbox } from './inbox.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { MessageId } from './message-id.ts';
import { TopicConsumer } from './topic-consumer.ts';
import type { TopicConsumerOptions } from './topic-consumer-options.ts';

/** When `receiveBatch` gives what it has. */
export interface BatchReceivePolicy {
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** The topics to consume: partitions for partitioned ones. */
export async function concreteTopics(context: ClientContext, names: readonly string[]): Promise<TopicName[]> {
  const perTopic = names.map(async (name) => {
    const topic = parseTopicName(name);
    if (topic.partition >= 0) return [topic];
    const count = await partitionCount(context.pool, topic.fullName, requestOptions(context));
    if (count === 0) return [topic];
    return Array.from({ length: count }, (_, i) => parseTopicName(partitionTopicName(topic.fullName, i)));
  });
  return (await Promise.all(perTopic)).flat();
}

/** Consumers of one subscription or reader on one or more topics, as one. */
export class ConsumerGroup {
  private readonly inbox = new Inbox();
  private readonly consumers = new Map<string, TopicConsumer>();

  private constructor(context: ClientContext, all: readonly TopicConsumerOptions[]) {
    for (const options of all) {
      this.consumers.set(options.topic.fullName, new TopicConsumer(context, options, this.inbox));
    }
  }

  /** Subscribes on every topic; when one fails, the others are closed again. */
  static async open(context: ClientContext, all: readonly TopicConsumerOptions[]): Promise<ConsumerGroup> {
    const group = new ConsumerGroup(context, all);
    try {
      await Promise.all(group.all.map((consumer) => consumer.begin()));
    } catch (error) {
      await group.close().catch(() => undefined);
      throw error;
    }
    return group;
  }

  private get all(): TopicConsumer[] {
    return [...this.consumers.values()];
  }

  get isConnected(): boolean {
    return this.all.every((consumer) => consumer.isConnected);
  }

  get hasQueued(): boolean {
    return !this.inbox.isEmpty;
  }

  receive(timeoutMs?: number): Promise<IncomingMessage> {
    const [only] = this.all;
    return this.inbox.receive(timeoutMs, () => {
      if (only?.options.receiverQueueSize === 0) only.request(1);
    });
  }

  async receiveBatch({ maxMessages, maxBytes, timeoutMs }: BatchReceivePolicy): Promise<IncomingMessage[]> {
    this.inbox.requireOpen();
    const deadlineMs = performance.now() + (timeoutMs > 0 ? timeoutMs : Number.POSITIVE_INFINITY);
    const messages: IncomingMessage[] = [];
    let bytes = 0;
    for (;;) {
      while ((maxMessages <= 0 || messages.length < maxMessages) && (maxBytes <= 0 || bytes < maxBytes)) {
        const message = this.inbox.take();
        if (message === undefined) break;
        messages.push(message);
        bytes += message.value?.length ?? 0;
      }
      const isFull = (maxMessages > 0 && messages.length >= maxMessages) || (maxBytes > 0 && bytes >= maxBytes);
      const leftMs = deadlineMs - performance.now();
      if (isFull || leftMs <= 0) return messages;
      await this.inbox.arrival(Math.min(leftMs, 2 ** 31 - 1));
      if (messages.length === 0) this.inbox.requireOpen();
    }
  }

  /** The consumer that an id belongs to. Throws `PulsarError` OperationNotSupported when that cannot be told. */
  of(id: MessageId): TopicConsumer {
    const byTopic = id.topic === undefined ? undefined : this.consumers.get(id.topic);
    if (byTopic !== undefined) return byTopic;
    const { partition = -1 } = id.parts;
    const matching = this.all.filter(
      ({ options }) => this.consumers.size === 1 || options.topic.partition === partition,
    );
    if (matching.length === 1 && id.topic === undefined) return matching[0] as TopicConsumer;
    throw new PulsarError('OperationNotSupported', `message id ${id} does not tell which of the topics it is of`);
  }

  /** Earliest and latest move every topic, any other id its own. */
  async seek(id: MessageId): Promise<void> {
    const { ledgerId } = id.parts;
    const isEverywhere = ledgerId === -1 || ledgerId === Number.MAX_SAFE_INTEGER;
    const consumers = isEverywhere ? this.all : [this.of(id)];
    await Promise.all(consumers.map((consumer) => consumer.seek({ id: id.parts })));
  }

  async seekTimestamp(publishTimeMs: number): Promise<void> {
    await Promise.all(this.all.map((consumer) => consumer.seek({ publishTimeMs })));
  }

  /** Whether a message is there that was not yet taken; asks the brokers. */
  async hasMessageAvailable(): Promise<boolean> {
    if (this.hasQueued) return true;
    return (await Promise.all(this.all.map(hasMore))).includes(true);
  }

  async lastMessageIds(): Promise<{ topic: string; last: MessageIdParts; markDelete?: MessageIdParts }[]> {
    return Promise.all(
      this.all.map(async (consumer) => ({
        topic: consumer.options.topic.fullName,
        ...(await consumer.lastMessageId()),
      })),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((consumer) => consumer.close()));
  }

  async unsubscribe(): Promise<void> {
    await Promise.all(this.all.map((consumer) => consumer.unsubscribe()));
  }
}

/** PULSAR-WIRE 3.9: the topic's last message against what was taken last, the start, or (start latest, seek by time) the cursor. */
async function hasMore(consumer: TopicConsumer): Promise<boolean> {
  const { last, markDelete } = await consumer.lastMessageId();
  if (last.entryId < 0) return false;
  const { id, isInclusive } = consumer.position;
  if (id === undefined || id.ledgerId === Number.MAX_SAFE_INTEGER) {
    return markDelete === undefined || compareMessageIds({ ...last, batchIndex: -1 }, markDelete) > 0;
  }
  const difference = compareMessageIds(id.batchIndex < 0 ? { ...last, batchIndex: -1 } : last, id);
  return difference > 0 || (isInclusive && difference === 0);
}
