import type { MessageIdParts } from '../../core/message-id.ts';
import type { TopicName } from '../../core/topic-name.ts';
import { PulsarError } from '../errors.ts';
import { abortedError } from '../network/request-table.ts';
import type { ClientContext } from './client-context.ts';
import { Inbox } from './inbox.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { MessageId } from './message-id.ts';
import { wholeOption } from './option-values.ts';
import { repeatEvery } from './repeat.ts';
import { TopicConsumer } from './topic-consumer.ts';
import type { TopicConsumerOptions } from './topic-consumer-options.ts';
import type { TopicSource } from './topic-sources.ts';

/** When `receiveBatch` gives what it has. */
export interface BatchReceivePolicy {
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** Makes the options for one topic of a group that has `count`; `isAdded` for a partition that the topic got later, which is read from its beginning. */
export type TopicOptionsOf = (topic: TopicName, count: number, isAdded: boolean) => TopicConsumerOptions;

/** Consumers of one subscription or reader on one or more topics, as one. */
export class ConsumerGroup {
  private readonly inbox = new Inbox(() => {
    const [only] = this.consumers.values();
    if (only !== undefined) this.inbox.onStarving(only);
  });
  private readonly consumers = new Map<string, TopicConsumer>();
  private readonly context: ClientContext;
  private readonly source: TopicSource;
  private readonly optionsOf: TopicOptionsOf;
  private stopRefreshing: () => void = () => undefined;
  private isClosed = false;

  private constructor(context: ClientContext, source: TopicSource, optionsOf: TopicOptionsOf) {
    this.context = context;
    this.source = source;
    this.optionsOf = optionsOf;
  }

  /** Subscribes on every topic; when one fails, the others are closed again. */
  static async open(context: ClientContext, source: TopicSource, optionsOf: TopicOptionsOf): Promise<ConsumerGroup> {
    const group = new ConsumerGroup(context, source, optionsOf);
    const topics = await source.list();
    try {
      await Promise.all(group.add(topics, false).map((consumer) => consumer.begin()));
    } catch (error) {
      await group.close().catch(() => undefined);
      throw error;
    }
    if (source.isPattern || topics.some(({ partition }) => partition >= 0)) group.keepFresh();
    return group;
  }

  private add(topics: readonly TopicName[], isAdded: boolean): TopicConsumer[] {
    const count = topics.length + this.consumers.size;
    const all = topics.map((topic) => this.optionsOf(topic, count, isAdded));
    return all.map((options) => {
      const consumer = new TopicConsumer(this.context, options, this.inbox);
      this.consumers.set(options.topic.fullName, consumer);
      return consumer;
    });
  }

  private keepFresh(): void {
    const onError = (error: unknown) => this.context.log('WARN', `looking for more topics failed: ${error}`);
    this.stopRefreshing = repeatEvery(this.source.refreshMs, () => this.refresh(), onError);
  }

  /** Consumes topics and partitions that are new; leaves those that a pattern no longer names. */
  private async refresh(): Promise<void> {
    const topics = await this.source.list();
    if (this.isClosed) return;
    const added = topics.filter(({ fullName }) => !this.consumers.has(fullName));
    const names = new Set(topics.map(({ fullName }) => fullName));
    const gone = this.source.isPattern ? [...this.consumers].filter(([name]) => !names.has(name)) : [];
    for (const [name, consumer] of gone) {
      this.consumers.delete(name);
      await consumer.leave();
    }
    if (this.isClosed) return;
    const isPartition = !this.source.isPattern;
    await Promise.all(this.add(added, isPartition).map((consumer) => this.beginLater(consumer)));
  }

  /** A topic that cannot be subscribed is tried again at the next look. */
  private async beginLater(consumer: TopicConsumer): Promise<void> {
    const { fullName } = consumer.options.topic;
    try {
      await consumer.begin(true);
    } catch (error) {
      if (this.consumers.get(fullName) === consumer) this.consumers.delete(fullName);
      this.context.log('WARN', `${fullName} cannot be subscribed yet: ${error}`);
    }
  }

  private get all(): TopicConsumer[] {
    return [...this.consumers.values()];
  }

  get isConnected(): boolean {
    return !this.isClosed && this.all.every((consumer) => consumer.isConnected);
  }

  get hasQueued(): boolean {
    return this.inbox.next !== undefined;
  }

  /** The next message, if one is queued and nobody waits before. */
  takeNow(): IncomingMessage | undefined {
    return this.inbox.takeNow();
  }

  receive(timeoutMs?: number, signal?: AbortSignal): Promise<IncomingMessage> {
    return this.inbox.receive(timeoutMs, signal);
  }

  async receiveBatch(policy: BatchReceivePolicy, signal?: AbortSignal): Promise<IncomingMessage[]> {
    this.inbox.requireOpen();
    if (signal?.aborted) throw abortedError('receiving', signal);
    const { timeoutMs } = policy;
    const deadlineMs = performance.now() + (timeoutMs > 0 ? timeoutMs : Number.POSITIVE_INFINITY);
    const batch = { messages: [] as IncomingMessage[], bytes: 0 };
    for (;;) {
      const isFull = this.fill(batch, policy);
      const leftMs = deadlineMs - performance.now();
      if (isFull || leftMs <= 0) return batch.messages;
      await this.inbox.arrival(Math.min(leftMs, 2 ** 31 - 1), signal);
      if (signal?.aborted && batch.messages.length > 0) return batch.messages;
      if (signal?.aborted) throw abortedError('receiving', signal);
      if (batch.messages.length === 0) this.inbox.requireOpen();
    }
  }

  /** Moves what is queued into a batch; true when the batch is full. */
  private fill(batch: { messages: IncomingMessage[]; bytes: number }, policy: BatchReceivePolicy): boolean {
    const { messages } = batch;
    const maxMessages = policy.maxMessages > 0 ? policy.maxMessages : Number.POSITIVE_INFINITY;
    const maxBytes = policy.maxBytes > 0 ? policy.maxBytes : Number.POSITIVE_INFINITY;
    while (messages.length < maxMessages && batch.bytes < maxBytes) {
      const next = this.inbox.next;
      if (next === undefined) return false;
      const bytes = next.value?.length ?? 0;
      if (messages.length > 0 && batch.bytes + bytes > maxBytes) return true;
      messages.push(this.inbox.take() as IncomingMessage);
      batch.bytes += bytes;
    }
    return true;
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

  /** Throws `PulsarError` InvalidConfiguration for what is no time. */
  async seekTimestamp(timestampMs: number): Promise<void> {
    const publishTimeMs = wholeOption(timestampMs);
    if (publishTimeMs === undefined) {
      throw new PulsarError('InvalidConfiguration', `a seek needs epoch milliseconds, not ${timestampMs}`);
    }
    await Promise.all(this.all.map((consumer) => consumer.seek({ publishTimeMs })));
  }

  /** Whether a message is there that was not yet taken; asks the brokers. */
  async hasMessageAvailable(): Promise<boolean> {
    if (this.hasQueued) return true;
    return (await Promise.all(this.all.map(hasMore))).includes(true);
  }

  /** Whether there was more when the broker was last asked, without asking. */
  get isMoreKnown(): boolean {
    return this.all.some((consumer) => consumer.reading.isBehindKnownEnd);
  }

  async lastMessageIds(): Promise<{ topic: string; last: MessageIdParts; markDelete?: MessageIdParts }[]> {
    return Promise.all(
      this.all.map(async (consumer) => ({
        topic: consumer.options.topic.fullName,
        ...(await consumer.lastMessageId()),
      })),
    );
  }

  private end(): void {
    this.isClosed = true;
    this.stopRefreshing();
    this.inbox.onEnded(new PulsarError('AlreadyClosed', 'the consumer was closed'));
  }

  async close(): Promise<void> {
    this.end();
    await Promise.all(this.all.map((consumer) => consumer.close()));
  }

  async unsubscribe(): Promise<void> {
    await Promise.all(this.all.map((consumer) => consumer.unsubscribe()));
    await this.close();
  }
}

async function hasMore(consumer: TopicConsumer): Promise<boolean> {
  await consumer.lastMessageId();
  return consumer.reading.isBehindKnownEnd;
}
