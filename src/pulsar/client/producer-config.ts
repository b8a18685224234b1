import type { Compression } from '../../core/messaging.ts';
import type { TopicName } from '../../core/topic-name.ts';
import { PulsarError } from '../errors.ts';
import { ProducerAccessMode } from '../protocol/index.ts';
import type { HashingScheme } from './hashing.ts';
import type { Message } from './message.ts';
import {
  choiceOption,
  flagOption,
  numberOption,
  propertiesOption,
  refuseOptions,
  textOption,
} from './option-values.ts';
import type { RoutingMode } from './router.ts';
import { type SchemaInfo, wireSchema } from './schema-info.ts';
import type { TopicProducerOptions } from './topic-producer.ts';

/** Chooses a partition for a message (`messageRoutingMode` CustomPartition). */
export type MessageRouter = (message: Message, topicMetadata: { readonly numPartitions: number }) => number;

/** Options of `createProducer`, as in npm `pulsar-client`. */
export interface ProducerConfig {
  topic: string;
  producerName?: string;
  sendTimeoutMs?: number;
  /** The first message gets this + 1. Default: what the broker's deduplication knows for the name. */
  initialSequenceId?: number;
  maxPendingMessages?: number;
  maxPendingMessagesAcrossPartitions?: number;
  blockIfQueueFull?: boolean;
  messageRoutingMode?: RoutingMode;
  messageRouter?: MessageRouter;
  hashingScheme?: HashingScheme;
  compressionType?: 'None' | 'Zlib' | 'LZ4' | 'ZSTD' | 'SNAPPY';
  batchingEnabled?: boolean;
  batchingType?: 'DefaultBatching' | 'KeyBasedBatching';
  batchingMaxPublishDelayMs?: number;
  batchingMaxMessages?: number;
  batchingMaxAllowedSizeInBytes?: number;
  /** Sends what is too large for one entry in several. Needs `batchingEnabled: false`. */
  chunkingEnabled?: boolean;
  properties?: Record<string, string>;
  schema?: SchemaInfo;
  accessMode?: 'Shared' | 'Exclusive' | 'WaitForExclusive' | 'ExclusiveWithFencing';
  /** An addition: durable subscription to create at the earliest message, if it is missing. */
  initialSubscriptionName?: string;
}

/** A producer's options after defaults (PULSAR-WIRE 8.3). */
export interface ProducerSettings {
  readonly router: MessageRouter | undefined;
  readonly routingMode: RoutingMode;
  readonly hashingScheme: HashingScheme;
  /** The options for one of the `partitions`, among which the overall number of pending messages is divided. */
  topic(topic: TopicName, partitions: number): TopicProducerOptions;
}

const NOT_YET = ['publicKeyPath', 'encryptionKey', 'encryptionKeys', 'cryptoKeyReader'];
const compressions: Record<string, Compression> = {
  None: 'NONE',
  Zlib: 'ZLIB',
  LZ4: 'LZ4',
  ZSTD: 'ZSTD',
  SNAPPY: 'SNAPPY',
};
const routingModes: Record<string, RoutingMode> = {
  UseSinglePartition: 'UseSinglePartition',
  RoundRobinDistribution: 'RoundRobinDistribution',
  CustomPartition: 'CustomPartition',
};
const hashingSchemes: Record<string, HashingScheme> = {
  Murmur3_32Hash: 'Murmur3_32Hash',
  BoostHash: 'BoostHash',
  JavaStringHash: 'JavaStringHash',
};

function readBatching(config: ProducerConfig): TopicProducerOptions['batching'] {
  if (!flagOption(config.batchingEnabled, true)) return undefined;
  return {
    maxMessages: numberOption(config.batchingMaxMessages, 1, 1000),
    maxBytes: numberOption(config.batchingMaxAllowedSizeInBytes, 1, 131_072),
    maxDelayMs: numberOption(config.batchingMaxPublishDelayMs, 1, 10),
    isKeyBased: config.batchingType === 'KeyBasedBatching',
  };
}

/** Reads `createProducer`'s options; throws when the topic is missing or an option is not supported. */
export function readProducerConfig(config: ProducerConfig): ProducerSettings {
  if (typeof config?.topic !== 'string') {
    const message = 'Topic is required and must be specified as a string when creating producer';
    throw new PulsarError('InvalidConfiguration', message);
  }
  refuseOptions('create producer', config, NOT_YET);
  const routingMode = choiceOption(config.messageRoutingMode, routingModes, 'RoundRobinDistribution');
  const router = typeof config.messageRouter === 'function' ? config.messageRouter : undefined;
  const pendingPerTopic = numberOption(config.maxPendingMessages, 1, 1000);
  const pendingOverall = numberOption(config.maxPendingMessagesAcrossPartitions, 1, 50_000);
  const isChunking = flagOption(config.chunkingEnabled, false);
  const batching = readBatching(config);
  if (isChunking && batching !== undefined) {
    const message = "Batching and chunking of messages can't be enabled together: set batchingEnabled to false";
    throw new PulsarError('InvalidConfiguration', message);
  }
  const common = {
    producerName: textOption(config.producerName),
    initialSequenceId: typeof config.initialSequenceId === 'number' ? config.initialSequenceId : undefined,
    sendTimeoutMs: numberOption(config.sendTimeoutMs, 1, 30_000),
    blockIfQueueFull: flagOption(config.blockIfQueueFull, false),
    compression: choiceOption(config.compressionType, compressions, 'NONE'),
    batching,
    properties: propertiesOption(config.properties),
    schema: wireSchema(config.schema),
    accessMode: choiceOption<ProducerAccessMode>(config.accessMode, ProducerAccessMode, ProducerAccessMode.Shared),
    initialSubscriptionName: textOption(config.initialSubscriptionName),
  };
  return {
    router: routingMode === 'CustomPartition' ? router : undefined,
    routingMode,
    hashingScheme: choiceOption(config.hashingScheme, hashingSchemes, 'BoostHash'),
    topic: (topic, partitions) => ({
      ...common,
      topic,
      isChunking: isChunking && topic.domain === 'persistent',
      maxPendingMessages: Math.max(1, Math.min(pendingPerTopic, Math.floor(pendingOverall / partitions))),
    }),
  };
}
