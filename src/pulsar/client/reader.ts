import { PulsarError } from '../errors.ts';
import { InitialPosition, SubscriptionType } from '../protocol/index.ts';
import type { ClientContext } from './client-context.ts';
import { type ReceiveLimits, receiveFrom, refuseBeside } from './consumer.ts';
import { randomName } from './consumer-config.ts';
import { ConsumerGroup, type TopicOptionsOf } from './consumer-group.ts';
import type { CryptoKeyReader } from './crypto-key-reader.ts';
import { runListener } from './listener.ts';
import { Message } from './message.ts';
import { MessageId } from './message-id.ts';
import { ValueReader } from './message-values.ts';
import { flagOption, numberOption, textOption } from './option-values.ts';
import { acting } from './result-text.ts';
import { type SchemaInfo, schemaDefinition, wireSchema } from './schema-info.ts';
import { type CryptoFailureAction, readDecryption } from './topic-consumer-options.ts';
import { namedTopics } from './topic-sources.ts';
import { actingUntil, disposing, untilClosed, type WaitOptions } from './wait-options.ts';

/** Options of `createReader`, as in npm `pulsar-client`. */
export interface ReaderConfig {
  topic: string;
  /** Reading begins after it (earliest and latest excepted). */
  startMessageId: MessageId;
  receiverQueueSize?: number;
  readerName?: string;
  subscriptionRolePrefix?: string;
  readCompacted?: boolean;
  /** PEM file of an RSA private key for encrypted messages. */
  privateKeyPath?: string;
  /** Gives the private keys; goes before `privateKeyPath`. An addition. */
  cryptoKeyReader?: CryptoKeyReader;
  /** What becomes of a message that cannot be decrypted: left unacknowledged (FAIL, the default), acknowledged (DISCARD), delivered as it is (CONSUME). */
  cryptoFailureAction?: CryptoFailureAction;
  listener?: (message: Message, reader: Reader) => unknown;
  /** An addition: whether `startMessageId`, or the target of a seek, is read itself. Default false. */
  startMessageIdInclusive?: boolean;
  /** An addition: what `Message.getValue` reads by. */
  schema?: SchemaInfo;
}

function invalid(message: string): PulsarError {
  return new PulsarError('InvalidConfiguration', message);
}

/** Reads the options of a reader. Throws `PulsarError` InvalidConfiguration. */
export function readReaderConfig(config: ReaderConfig): TopicOptionsOf {
  if (textOption(config?.topic) === undefined) {
    throw invalid('Topic is required and must be specified as a string when creating reader');
  }
  if (!(config.startMessageId instanceof MessageId)) {
    throw invalid('StartMessageId is required and must be specified as a MessageId object when creating reader');
  }
  const prefix = textOption(config.subscriptionRolePrefix);
  const common = {
    subscription: `${prefix === undefined ? '' : `${prefix}-`}reader-${randomName()}`,
    subscriptionType: SubscriptionType.Exclusive,
    initialPosition: InitialPosition.Latest,
    consumerName: textOption(config.readerName) ?? randomName(),
    priorityLevel: 0,
    receiverQueueSize: numberOption(config.receiverQueueSize, 0, 1000),
    isDurable: false,
    startMessageId: config.startMessageId.parts,
    isStartInclusive: flagOption(config.startMessageIdInclusive, false),
    negativeAckDelayMs: 60_000,
    ackTimeoutMs: 0,
    isBatchIndexAck: false,
    isAckReceipt: false,
    isReadCompacted: flagOption(config.readCompacted, false),
    isReplicated: false,
    keyShared: undefined,
    properties: {},
    subscriptionProperties: {},
    schema: wireSchema(config.schema),
    maxPendingChunkedMessages: 10,
    isOldestChunkedAcked: false,
    ...readDecryption('create reader', config),
    onCorrupt: undefined,
  };
  return (topic, _, isAdded) => ({
    ...common,
    topic,
    startMessageId: isAdded ? MessageId.earliest().parts : common.startMessageId,
  });
}

/** Reads a topic from a place of its own choice, without a lasting subscription; made by `Client.createReader`. */
export class Reader {
  /** For the client that made this. */
  onceClosed: () => void = () => undefined;
  private readonly group: ConsumerGroup;
  private readonly values: ValueReader;
  private readonly listener: ReaderConfig['listener'];
  private asking: Promise<void> | undefined;

  private constructor(group: ConsumerGroup, values: ValueReader, listener: ReaderConfig['listener']) {
    this.group = group;
    this.values = values;
    this.listener = typeof listener === 'function' ? listener : undefined;
  }

  /** Use `Client.createReader`. */
  static async open(context: ClientContext, config: ReaderConfig): Promise<Reader> {
    const toOptions = readReaderConfig(config);
    return acting('create reader', async () => {
      const source = namedTopics(context, [config.topic]);
      const values = new ValueReader(context.schemas, config.schema && schemaDefinition(config.schema));
      const reader = new Reader(await ConsumerGroup.open(context, source, toOptions), values, config.listener);
      await reader.learnMore();
      const { listener } = reader;
      if (listener !== undefined) runListener(reader.group, context, values, (message) => listener(message, reader));
      return reader;
    });
  }

  /** Asks the brokers for the ends of the topics; one question at a time. */
  private learnMore(): Promise<void> {
    this.asking ??= this.group
      .hasMessageAvailable()
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        this.asking = undefined;
      });
    return this.asking;
  }

  private get isMoreKnown(): boolean {
    return this.group.hasQueued || this.group.isMoreKnown;
  }

  /** The next message; see `Consumer.receive`. A reader with a listener refuses, too. */
  readNext(timeout?: number | ReceiveLimits): Promise<Message> {
    return acting('receive message', async () => {
      refuseBeside(this.listener);
      const received = await receiveFrom(this.group, timeout);
      const message = new Message(received, this.values);
      this.group
        .of(message.getMessageId())
        .acknowledgeCumulative(received.messageId)
        .catch(() => undefined);
      if (!this.isMoreKnown) await this.learnMore();
      return message;
    });
  }

  /** An addition: the messages one after the other, until the reader is closed. */
  [Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    return this.messages();
  }

  /** An addition: as the reader's own iterator, with a signal that ends it with Aborted. */
  messages(options: WaitOptions = {}): AsyncGenerator<Message, void, undefined> {
    return untilClosed(() => this.readNext(options));
  }

  /**
   * Whether there is more to read: what has arrived, or lies before the end of the topic as the broker told it last. It is asked when the reader is made,
   * after a seek, by the `readNext` that took the last message known, and by a `hasNext` that knows of none, whose own answer comes before the broker's:
   * the native client blocks the thread for it. `hasMessageAvailable` waits.
   */
  hasNext(): boolean {
    const hasNext = this.isMoreKnown;
    if (!hasNext) this.learnMore();
    return hasNext;
  }

  /** An addition: `hasNext`, answered by the broker. */
  hasMessageAvailable(options?: WaitOptions): Promise<boolean> {
    return actingUntil('check if next message is available', options, () => this.group.hasMessageAvailable());
  }

  isConnected(): boolean {
    return this.group.isConnected;
  }

  seek(messageId: MessageId, options?: WaitOptions): Promise<null> {
    return actingUntil('seek message by id', options, async () => {
      await this.group.seek(messageId);
      await this.learnMore();
      return null;
    });
  }

  seekTimestamp(timestampMs: number, options?: WaitOptions): Promise<null> {
    return actingUntil('seek message by timestamp', options, async () => {
      await this.group.seekTimestamp(timestampMs);
      await this.learnMore();
      return null;
    });
  }

  close(options?: WaitOptions): Promise<null> {
    return actingUntil('close reader', options, async () => {
      this.onceClosed();
      await this.group.close();
      return null;
    });
  }

  /** An addition: closes for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return disposing(() => this.close());
  }
}
