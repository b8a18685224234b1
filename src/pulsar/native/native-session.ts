import type {
  Compression,
  ConsumerOptions,
  MessagingProducer,
  MessagingSession,
  OutgoingMessage,
  ProducerOptions,
  Receipt,
} from '../../core/messaging.ts';
import { MessageId } from '../client/message-id.ts';
import type { NativeClient, NativeClientConfig, NativeProducer, NativePulsar } from './native-api.ts';
import { GATHER_MS, NativeMessagingConsumer } from './native-consumer.ts';
import { acting, notThere } from './native-errors.ts';

const compressions = {
  NONE: 'None',
  ZLIB: 'Zlib',
  LZ4: 'LZ4',
  ZSTD: 'ZSTD',
  SNAPPY: 'SNAPPY',
} as const satisfies Record<Compression, string>;
/** The native client's own limit of a message; the broker's cannot be asked for. */
const MAX_MESSAGE_BYTES = 5 * 1024 * 1024 - 10 * 1024;
const MIN_REDELIVERY_MS = 100;

const toNative = ({ value, key, properties, eventTimeMs }: OutgoingMessage) => {
  if (value === null) throw notThere('a null value cannot be published');
  return {
    data: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    ...(key !== undefined && { partitionKey: key }),
    ...(properties && { properties: { ...properties } }),
    ...(eventTimeMs !== undefined && { eventTimestamp: eventTimeMs }),
  };
};

class NativeMessagingProducer implements MessagingProducer {
  readonly lastSequenceId = -1;
  readonly maxMessageBytes = MAX_MESSAGE_BYTES;
  private readonly producer: NativeProducer;

  constructor(producer: NativeProducer) {
    this.producer = producer;
  }

  get name(): string {
    return this.producer.getProducerName();
  }

  /** The native client chooses the entries; all are stored when this resolves, any of them may be when it rejects. */
  async sendEntry(messages: readonly OutgoingMessage[]): Promise<Receipt> {
    const sends = messages.map(toNative).map((message) => acting(() => this.producer.send(message)));
    const flushed = acting(() => this.producer.flush());
    const outcomes = await Promise.allSettled([...sends, flushed]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    const last = await (sends.at(-1) as (typeof sends)[number]);
    return {
      messageId: { ...MessageId.deserialize(last.serialize()).parts, batchIndex: -1 },
      lowestSequenceId: messages[0]?.sequenceId ?? -1,
      highestSequenceId: messages.at(-1)?.sequenceId ?? -1,
    };
  }

  async close(): Promise<void> {
    await acting(() => this.producer.close());
  }
}

/**
 * core's session over npm `pulsar-client`, for ATLEAST_ONCE: that client reconnects and sends again by itself, so a disconnect is not seen
 * and a message may be there twice. What it cannot do is refused with `PIO_GUARANTEE_REFUSED`.
 */
class NativeSession implements MessagingSession {
  readonly closed: Promise<Error | undefined>;
  private readonly pulsar: NativePulsar;
  private readonly client: NativeClient;
  private readonly ended = Promise.withResolvers<Error | undefined>();

  constructor(pulsar: NativePulsar, config: NativeClientConfig) {
    this.pulsar = pulsar;
    this.client = new pulsar.Client(config);
    this.closed = this.ended.promise;
  }

  async partitions(topic: string): Promise<number> {
    const names = await acting(() => this.client.getPartitionsForTopic(topic));
    return names.length === 1 && !/-partition-\d+$/.test(names[0] as string) ? 0 : names.length;
  }

  async producer({ topic, producerName, initialSubscriptionName, compression = 'NONE', properties }: ProducerOptions) {
    if (producerName !== undefined) throw notThere('a producer cannot be resumed by its name');
    if (initialSubscriptionName !== undefined) await this.createSubscription(topic, initialSubscriptionName);
    const compressionType = compressions[compression];
    const config = { topic, compressionType, properties: { ...properties }, blockIfQueueFull: true };
    return new NativeMessagingProducer(await acting(() => this.client.createProducer(config)));
  }

  /** A producer cannot ask for it: somebody subscribes and leaves. */
  private async createSubscription(topic: string, subscription: string): Promise<void> {
    const common = { subscriptionType: 'Shared', receiverQueueSize: 1, initialPosition: 'Earliest' } as const;
    await (await this.consumer({ topic, subscription, ...common })).close();
  }

  async consumer(options: ConsumerOptions): Promise<NativeMessagingConsumer> {
    const { topic, subscription, subscriptionType, initialPosition, receiverQueueSize, consumerName } = options;
    if (options.durable === false) throw notThere('a topic cannot be read without a subscription');
    const config = {
      topic,
      subscription,
      subscriptionType,
      subscriptionInitialPosition: initialPosition,
      receiverQueueSize,
      nAckRedeliverTimeoutMs: MIN_REDELIVERY_MS,
      batchReceivePolicy: { maxNumMessages: Math.max(1, receiverQueueSize), timeoutMs: GATHER_MS },
      ...(consumerName && { consumerName }),
    };
    return new NativeMessagingConsumer(this.pulsar, await acting(() => this.client.subscribe(config)));
  }

  async close(): Promise<void> {
    try {
      await acting(() => this.client.close());
    } finally {
      this.ended.resolve(undefined);
    }
  }

  /** The native client has no such thing: it is closed, and may still send what it holds. */
  destroy(): void {
    this.close().catch(() => undefined);
  }
}

/** Where a native session connects. */
export interface NativeSessionOptions {
  readonly serviceUrl: string;
  /** Asked for every connection. */
  readonly token?: (() => Promise<string>) | undefined;
}

/** Makes a session of a loaded package; it connects when first needed. */
export const openNativeSession = (
  pulsar: NativePulsar,
  { serviceUrl, token }: NativeSessionOptions,
  signal?: AbortSignal,
): MessagingSession => {
  const authentication = token && new pulsar.AuthenticationToken({ token });
  const session = new NativeSession(pulsar, { serviceUrl, ...(authentication && { authentication }) });
  const onAbort = () => session.destroy();
  signal?.addEventListener('abort', onAbort, { once: true });
  session.closed.then(() => signal?.removeEventListener('abort', onAbort));
  return session;
};
