import type { TopicName } from '../../core/topic-name.ts';
import { PulsarError } from '../errors.ts';
import { InitialPosition, SubscriptionType, TopicsMode } from '../protocol/index.ts';
import type { Consumer } from './consumer.ts';
import type { BatchReceivePolicy } from './consumer-group.ts';
import type { CryptoKeyReader } from './crypto-key-reader.ts';
import type { CorruptEntry } from './decode-entry.ts';
import type { Message } from './message.ts';
import {
  choiceOption,
  flagOption,
  numberOption,
  propertiesOption,
  secondsOption,
  textOption,
} from './option-values.ts';
import { type SchemaInfo, wireSchema } from './schema-info.ts';
import {
  type CryptoFailureAction,
  type KeySharedOptions,
  readDecryption,
  type TopicConsumerOptions,
} from './topic-consumer-options.ts';

/** Options of `subscribe`, as in npm `pulsar-client`. */
export interface ConsumerConfig {
  topic?: string;
  topics?: string[];
  /** `persistent://tenant/namespace/regular-expression`: all topics that match, also those that come later. Goes before `topics` and `topic`. */
  topicsPattern?: string;
  /** Which topics `topicsPattern` may find. Default PersistentOnly. */
  regexSubscriptionMode?: 'PersistentOnly' | 'NonPersistentOnly' | 'AllTopics';
  /** An addition: how often `topicsPattern` looks for more topics, in seconds. Default 60. */
  patternAutoDiscoveryPeriod?: number;
  subscription: string;
  subscriptionType?: 'Exclusive' | 'Shared' | 'KeyShared' | 'Failover';
  subscriptionInitialPosition?: 'Latest' | 'Earliest';
  ackTimeoutMs?: number;
  nAckRedeliverTimeoutMs?: number;
  receiverQueueSize?: number;
  receiverQueueSizeAcrossPartitions?: number;
  consumerName?: string;
  properties?: Record<string, string>;
  listener?: (message: Message, consumer: Consumer) => unknown;
  readCompacted?: boolean;
  /** PEM file of an RSA private key for encrypted messages. */
  privateKeyPath?: string;
  /** Gives the private keys; goes before `privateKeyPath`. */
  cryptoKeyReader?: CryptoKeyReader;
  /** What becomes of a message that cannot be decrypted: left unacknowledged (FAIL, the default), acknowledged (DISCARD), delivered as it is (CONSUME). */
  cryptoFailureAction?: CryptoFailureAction;
  /** Messages of which chunks are still missing; a further one gives the oldest up. Default 10; 0: no limit. */
  maxPendingChunkedMessage?: number;
  /** Given up: acknowledged instead of left for redelivery. Declared a number in npm `pulsar-client`, which takes a boolean only. */
  autoAckOldestChunkedMessageOnQueueFull?: boolean | number;
  schema?: SchemaInfo;
  batchIndexAckEnabled?: boolean;
  batchReceivePolicy?: { maxNumMessages?: number; maxNumBytes?: number; timeoutMs?: number };
  keySharedPolicy?: {
    keyShareMode?: 'AutoSplit' | 'Sticky';
    allowOutOfOrderDelivery?: boolean;
    stickyRanges?: { start: number; end: number }[];
  };
  replicateSubscriptionState?: boolean;
  /** What is negatively acknowledged or times out more often than `maxRedeliverCount` goes to another topic. On Shared and KeyShared only. */
  deadLetterPolicy?: DeadLetterPolicy;
  /** An addition: consumers of a lower level are served first (Shared), or active first (Failover). Default 0. */
  priorityLevel?: number;
  /** An addition: acknowledgements resolve with the broker's answer. */
  ackReceipt?: boolean;
  /** An addition: whether the target of a seek is delivered itself. Default false. */
  startMessageIdInclusive?: boolean;
  /** An addition: stored with a subscription when it is created. */
  subscriptionProperties?: Record<string, string>;
  /** An addition: hears of entries that cannot be read, after they were discarded. Default: a log line. */
  onCorrupt?: (entry: CorruptEntry) => void;
}

/** Where messages go that were delivered too often, and after how many redeliveries. */
export interface DeadLetterPolicy {
  /** Default `<topic>-<subscription>-DLQ`. */
  deadLetterTopic?: string;
  /** Absent, or not above 0: never. */
  maxRedeliverCount?: number;
  /** Subscription that is created on the dead-letter topic before its first message. */
  initialSubscriptionName?: string;
}

/** A consumer's options after defaults (PULSAR-WIRE 8.4). */
export interface ConsumerSettings {
  readonly topics: readonly string[];
  /** Goes before `topics`. */
  readonly pattern: { readonly pattern: string; readonly mode: TopicsMode; readonly refreshMs: number } | undefined;
  readonly subscription: string;
  /** Absent where the policy can have no effect. */
  readonly deadLetter:
    | {
        readonly maxRedeliverCount: number;
        readonly topic: string | undefined;
        readonly initialSubscriptionName: string | undefined;
      }
    | undefined;
  readonly listener: ConsumerConfig['listener'] | undefined;
  readonly batchReceive: BatchReceivePolicy;
  /** The options for one of the `count` topics and partitions, among which the overall queue size is divided; `isAdded`: a partition that came later. Throws for a queue of 0 on several. */
  topic(topic: TopicName, count: number, isAdded: boolean): TopicConsumerOptions;
}

function invalid(message: string): PulsarError {
  return new PulsarError('InvalidConfiguration', message);
}

function readTopics({ topic, topics, topicsPattern }: ConsumerConfig): readonly string[] {
  if (textOption(topicsPattern) !== undefined) return [];
  if (Array.isArray(topics) && topics.length > 0 && topics.every((one) => typeof one === 'string')) return topics;
  if (textOption(topic) !== undefined) return [topic as string];
  throw invalid('Topic, topics or topicsPattern is required and must be specified as a string when creating consumer');
}

const topicsModes: Readonly<Record<string, TopicsMode>> = {
  PersistentOnly: TopicsMode.PERSISTENT,
  NonPersistentOnly: TopicsMode.NON_PERSISTENT,
  AllTopics: TopicsMode.ALL,
};

function readPattern(config: ConsumerConfig): ConsumerSettings['pattern'] {
  const { topicsPattern, regexSubscriptionMode } = config;
  const pattern = textOption(topicsPattern);
  if (pattern === undefined) return undefined;
  const mode = choiceOption<TopicsMode>(regexSubscriptionMode, topicsModes, TopicsMode.PERSISTENT);
  return { pattern, mode, refreshMs: secondsOption(config.patternAutoDiscoveryPeriod, 60) };
}

function readDeadLetter({ deadLetterPolicy, subscriptionType }: ConsumerConfig): ConsumerSettings['deadLetter'] {
  const maxRedeliverCount = numberOption(deadLetterPolicy?.maxRedeliverCount, 1, 0);
  const isShared = subscriptionType === 'Shared' || subscriptionType === 'KeyShared';
  if (!isShared || maxRedeliverCount === 0) return undefined;
  return {
    maxRedeliverCount,
    topic: textOption(deadLetterPolicy?.deadLetterTopic),
    initialSubscriptionName: textOption(deadLetterPolicy?.initialSubscriptionName),
  };
}

function readBatchPolicy(policy: ConsumerConfig['batchReceivePolicy']): BatchReceivePolicy {
  if (typeof policy !== 'object' || policy === null) return { maxMessages: -1, maxBytes: 10_485_760, timeoutMs: 100 };
  const maxMessages = numberOption(policy.maxNumMessages, 1, -1);
  const maxBytes = numberOption(policy.maxNumBytes, 1, -1);
  const timeoutMs = numberOption(policy.timeoutMs, 1, -1);
  if (maxMessages > 0 || maxBytes > 0 || timeoutMs > 0) return { maxMessages, maxBytes, timeoutMs };
  throw invalid('At least one of maxNumMessages, maxNumBytes and timeoutMs must be specified.');
}

function checkRange(range: unknown, index: number): { start: number; end: number } {
  if (typeof range !== 'object' || range === null)
    throw invalid(`Sticky range element at index ${index} is not an object`);
  const { start, end } = range as { start?: unknown; end?: unknown };
  if (typeof start !== 'number' || typeof end !== 'number') {
    const problem = "missing 'start'/'end' or invalid type, should be number type";
    throw invalid(`Invalid sticky range format at index ${index}: ${problem}`);
  }
  if (start > end) throw invalid(`Invalid sticky range at index ${index}: start (${start}) > end (${end})`);
  return { start, end };
}

function readKeyShared(config: ConsumerConfig): KeySharedOptions | undefined {
  const policy = config.keySharedPolicy;
  const isSticky = policy?.keyShareMode === 'Sticky';
  const ranges = Array.isArray(policy?.stickyRanges) ? policy.stickyRanges.map(checkRange) : undefined;
  if (config.subscriptionType !== 'KeyShared') return undefined;
  return {
    stickyRanges: isSticky ? (ranges ?? []) : undefined,
    isOutOfOrderAllowed: flagOption(policy?.allowOutOfOrderDelivery, false),
  };
}

/** Ten random hex digits, as the official clients name consumers and readers. */
export function randomName(): string {
  return Array.from({ length: 10 }, () => Math.floor(Math.random() * 16).toString(16)).join('');
}

function checkTimeouts({ ackTimeoutMs, nAckRedeliverTimeoutMs }: ConsumerConfig): void {
  if (typeof ackTimeoutMs === 'number' && ackTimeoutMs !== 0 && !(ackTimeoutMs >= 10_000)) {
    throw invalid('Ack timeout should be 0 or greater than or equal to 10000');
  }
  if (typeof nAckRedeliverTimeoutMs === 'number' && nAckRedeliverTimeoutMs < 0)
    throw invalid('NAck timeout should be greater than or equal to zero');
}

/** Reads `subscribe`'s options; throws when a required one is missing, one is wrong, or one is not supported. */
export function readConsumerConfig(config: ConsumerConfig): ConsumerSettings {
  const topics = readTopics(config);
  const { subscription } = config;
  if (textOption(subscription) === undefined) {
    throw invalid('Subscription is required and must be specified as a string when creating consumer');
  }
  checkTimeouts(config);
  const queueSize = numberOption(config.receiverQueueSize, 0, 1000);
  const queueOverall = numberOption(config.receiverQueueSizeAcrossPartitions, 0, 50_000);
  const consumerName = textOption(config.consumerName) ?? randomName();
  const keyShared = readKeyShared(config);
  const common = {
    subscription,
    subscriptionType: choiceOption<SubscriptionType>(
      config.subscriptionType,
      SubscriptionType,
      SubscriptionType.Exclusive,
    ),
    initialPosition: choiceOption<InitialPosition>(
      config.subscriptionInitialPosition,
      InitialPosition,
      InitialPosition.Latest,
    ),
    consumerName,
    priorityLevel: numberOption(config.priorityLevel, 0, 0),
    isDurable: true,
    startMessageId: undefined,
    isStartInclusive: flagOption(config.startMessageIdInclusive, false),
    negativeAckDelayMs: Math.max(100, numberOption(config.nAckRedeliverTimeoutMs, 0, 60_000)),
    ackTimeoutMs: numberOption(config.ackTimeoutMs, 0, 0),
    isBatchIndexAck: flagOption(config.batchIndexAckEnabled, false),
    isAckReceipt: flagOption(config.ackReceipt, false),
    isReadCompacted: flagOption(config.readCompacted, false),
    isReplicated: flagOption(config.replicateSubscriptionState, false),
    keyShared,
    properties: propertiesOption(config.properties),
    subscriptionProperties: propertiesOption(config.subscriptionProperties),
    schema: wireSchema(config.schema),
    maxPendingChunkedMessages: numberOption(config.maxPendingChunkedMessage, 0, 10),
    isOldestChunkedAcked: flagOption(config.autoAckOldestChunkedMessageOnQueueFull, false),
    ...readDecryption('create consumer', config),
    onCorrupt: config.onCorrupt,
  };
  return {
    topics,
    pattern: readPattern(config),
    subscription,
    deadLetter: readDeadLetter(config),
    listener: typeof config.listener === 'function' ? config.listener : undefined,
    batchReceive: readBatchPolicy(config.batchReceivePolicy),
    topic: (topic, count, isAdded) => {
      if (queueSize === 0 && count > 1) throw invalid('a receiver queue of 0 needs a topic that is not partitioned');
      const receiverQueueSize =
        count === 1 ? queueSize : Math.max(1, Math.min(queueSize, Math.floor(queueOverall / count)));
      const initialPosition = isAdded ? InitialPosition.Earliest : common.initialPosition;
      return { ...common, topic, receiverQueueSize, initialPosition };
    },
  };
}
