import type { MessageIdParts } from '../../core/message-id.ts';
import { PulsarError } from '../errors.ts';
import { parseTopicName } from '../protocol/index.ts';
import type { UnnumberedMessage, WaitingMessage } from './batcher.ts';
import type { ClientContext } from './client-context.ts';
import { Message } from './message.ts';
import { MessageId } from './message-id.ts';
import { ValueWriter } from './message-values.ts';
import { type ProducerConfig, type ProducerSettings, readProducerConfig } from './producer-config.ts';
import { outgoingMessage, type ProducerMessage, type ValueMessage } from './producer-message.ts';
import { repeatEvery } from './repeat.ts';
import { acting, publicError } from './result-text.ts';
import { Router } from './router.ts';
import { type SchemaInfo, schemaDefinition, schemaInfo } from './schema-info.ts';
import { TopicProducer } from './topic-producer.ts';
import { concreteTopics } from './topic-sources.ts';
import type { Transaction } from './transaction.ts';
import { actingUntil, disposing, type WaitOptions } from './wait-options.ts';

/** Additions to how a message is sent. */
export interface SendOptions extends WaitOptions {
  /** The message is seen when it is committed, or never. */
  transaction?: Transaction | undefined;
}

/** A message on its way: settles what `send` gave. One object instead of closures, as there is one for each message under way. */
class Sending implements WaitingMessage {
  readonly message: UnnumberedMessage;
  private readonly topic: string;
  private readonly stored: (id: MessageId) => void;
  private readonly failed: (error: Error) => void;

  constructor(
    message: UnnumberedMessage,
    topic: string,
    stored: (id: MessageId) => void,
    failed: (error: Error) => void,
  ) {
    this.message = message;
    this.topic = topic;
    this.stored = stored;
    this.failed = failed;
  }

  resolve(id: MessageIdParts): void {
    this.stored(new MessageId(id, this.topic));
  }

  reject(error: Error): void {
    this.failed(publicError('send message', error));
  }
}

/** As a custom router sees a message: not yet sent, so without topic, place and time. */
function unsentMessage(topic: string, producerName: string, message: UnnumberedMessage): Message {
  return new Message({
    messageId: { ledgerId: -1, entryId: -1, batchIndex: -1 },
    topic,
    key: message.key,
    isKeyBase64: false,
    orderingKey: message.orderingKey && Buffer.from(message.orderingKey),
    value: message.value && Buffer.from(message.value),
    properties: message.properties ?? {},
    publishTimeMs: 0,
    eventTimeMs: message.eventTimeMs,
    producerName,
    sequenceId: message.sequenceId ?? -1,
    redeliveryCount: 0,
    entryHighestSequenceId: -1,
  });
}

/** The schema to register: the given one, none for AutoConsume, with AutoPublish the topic's newest, if it has one. */
async function registeredSchema(context: ClientContext, config: ProducerConfig): Promise<SchemaInfo | undefined> {
  if (config.schema?.schemaType === 'AutoConsume') return undefined;
  if (config.schema?.schemaType !== 'AutoPublish') return config.schema;
  const latest = await context.schemas.latest(parseTopicName(config.topic).fullName, undefined);
  return latest && schemaInfo(latest.definition);
}

/** Sends messages to a topic; made by `Client.createProducer`. */
export class Producer {
  /** For the client that made this. */
  onceClosed: () => void = () => undefined;
  private readonly topic: string;
  private readonly settings: ProducerSettings;
  private producers: readonly TopicProducer[];
  private isClosed = false;
  private stopRefreshing: () => void = () => undefined;
  private readonly router: Router;
  private readonly values: ValueWriter;

  private constructor(
    topic: string,
    settings: ProducerSettings,
    producers: readonly TopicProducer[],
    values: ValueWriter,
  ) {
    this.values = values;
    this.topic = topic;
    this.settings = settings;
    this.producers = producers;
    const batching = producers[0]?.options.batching;
    this.router = new Router({
      mode: settings.routingMode,
      hashingScheme: settings.hashingScheme,
      partitions: () => this.producers.length,
      stickFor: batching && { messages: batching.maxMessages, bytes: batching.maxBytes, ms: batching.maxDelayMs },
      nowMs: () => performance.now(),
      random: Math.random,
    });
  }

  /** Use `Client.createProducer`. */
  static async open(context: ClientContext, config: ProducerConfig): Promise<Producer> {
    readProducerConfig(config);
    return acting('create producer', async () => {
      const topic = parseTopicName(config.topic);
      const schema = await registeredSchema(context, config);
      const settings = readProducerConfig({ ...config, schema: schema ?? { schemaType: 'Bytes' } });
      const values = await ValueWriter.open(schema && schemaDefinition(schema));
      const topics = await concreteTopics(context, [topic.fullName]);
      const producers = topics.map((one) => new TopicProducer(context, settings.topic(one, topics.length)));
      try {
        await Promise.all(producers.map((producer) => producer.start()));
      } catch (error) {
        await Promise.allSettled(producers.map((producer) => producer.close()));
        throw error;
      }
      const producer = new Producer(topic.fullName, settings, producers, values);
      if (topic.partition < 0 && topics.some(({ partition }) => partition >= 0)) producer.keepFresh(context);
      return producer;
    });
  }

  private keepFresh(context: ClientContext): void {
    const onError = (error: unknown) => context.log('WARN', `more partitions of ${this.topic} not used yet: ${error}`);
    this.stopRefreshing = repeatEvery(context.partitionsUpdateMs, () => this.usePartitions(context), onError);
  }

  /** Produces to partitions that the topic got since. */
  private async usePartitions(context: ClientContext): Promise<void> {
    const topics = await concreteTopics(context, [this.topic]);
    const added = topics
      .slice(this.producers.length)
      .map((one) => new TopicProducer(context, this.settings.topic(one, topics.length)));
    const results = await Promise.allSettled(added.map((producer) => producer.start()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined && !this.isClosed) {
      this.producers = [...this.producers, ...added];
      return;
    }
    await Promise.allSettled(added.map((producer) => producer.close()));
    if (failed !== undefined) throw failed.reason;
  }

  private partitionOf(message: UnnumberedMessage): number {
    const { router } = this.settings;
    if (router === undefined) return this.router.route(message);
    const numPartitions = this.producers.length;
    const partition = router(unsentMessage(this.topic, this.getProducerName(), message), { numPartitions });
    if (Number.isInteger(partition) && partition >= 0 && partition < numPartitions) return partition;
    throw new PulsarError('UnknownError', `the message router chose partition ${partition} of ${numPartitions}`);
  }

  /**
   * Resolves with the message's place once the broker has stored it; `(-1,-1,…)` when it says that it had it already. A signal (an
   * addition) ends the wait: the message may still be stored.
   */
  send(message: ProducerMessage | ValueMessage, options?: SendOptions): Promise<MessageId> {
    if (options?.signal === undefined) return this.sendNow(message, options);
    return actingUntil('send message', options, () => this.sendNow(message, options));
  }

  private sendNow(message: ProducerMessage | ValueMessage, options: SendOptions | undefined): Promise<MessageId> {
    return new Promise((resolve, reject) => {
      try {
        const outgoing = outgoingMessage(message);
        if ('value' in message) Object.assign(outgoing, this.values.write(message.value));
        this.publish(outgoing, options?.transaction, resolve, reject);
      } catch (error) {
        reject(publicError('send message', error));
      }
    });
  }

  /** For the dead letters of a consumer: sends a message as it came, also what users cannot say, as keys that are bytes. */
  forward(message: UnnumberedMessage): Promise<MessageId> {
    return new Promise((resolve, reject) => this.publish(message, undefined, resolve, reject));
  }

  private publish(
    message: UnnumberedMessage,
    transaction: Transaction | undefined,
    stored: (id: MessageId) => void,
    failed: (error: Error) => void,
  ): void {
    const producer = this.producers[this.producers.length === 1 ? 0 : this.partitionOf(message)] as TopicProducer;
    const { fullName } = producer.options.topic;
    const sending = new Sending(message, fullName, stored, failed);
    if (transaction === undefined) producer.accept(sending);
    else {
      const work = () => producer.send({ ...message, transaction: transaction.id });
      transaction.publish(fullName, work).then(
        (id) => sending.resolve(id),
        (error) => sending.reject(error),
      );
    }
  }

  /** Sends what waits in batches and waits for all receipts. */
  flush(options?: WaitOptions): Promise<null> {
    return actingUntil('flush producer', options, async () => {
      await Promise.all(this.producers.map((producer) => producer.flush()));
      return null;
    });
  }

  close(options?: WaitOptions): Promise<null> {
    return actingUntil('close producer', options, async () => {
      this.onceClosed();
      this.isClosed = true;
      this.stopRefreshing();
      await Promise.all(this.producers.map((producer) => producer.close()));
      return null;
    });
  }

  /** An addition: closes for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return disposing(() => this.close());
  }

  getProducerName(): string {
    return this.producers[0]?.name ?? '';
  }

  /** Full name; of the whole topic when it is partitioned. */
  getTopic(): string {
    return this.topic;
  }

  isConnected(): boolean {
    return this.producers.every((producer) => producer.isConnected);
  }

  /** An addition: the version that the broker gave the producer's schema, 8 bytes, big-endian; undefined without a schema. */
  getSchemaVersion(): Buffer | undefined {
    return this.producers[0]?.registeredSchemaVersion;
  }

  /**
   * An addition: highest sequence id that the broker is known to have for this name, -1 if none. On a partitioned topic the
   * highest of the partitions; each has its own.
   */
  lastSequenceId(): number {
    return Math.max(...this.producers.map((producer) => producer.lastSequenceId));
  }
}
