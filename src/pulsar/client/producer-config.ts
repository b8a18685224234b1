import type { Compression } from '../../core/messaging.ts';
import type { TopicName } from '../../core/topic-name.ts';
import { PulsarError } from '../errors.ts';
import { ProducerAccessMode } from '../protocol/index.ts';
import { type CryptoKeyReader, keyReaderOption } from './crypto-key-reader.ts';
import type { HashingScheme } from './hashing.ts';
import type { Message } from './message.ts';
import { choiceOption, flagOption, numberOption, propertiesOption, textOption, wholeOption } from './option-values.ts';
import type { RoutingMode } from './router.ts';
import { type SchemaInfo, wireSchema } from './schema-info.ts';
import type { TopicProducerOptions } from './topic-producer-options.ts';

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
  /** PEM file of an RSA public key, for `encryptionKey` and `encryptionKeys`. */
  publicKeyPath?: string;
  /** Name of a key to encrypt for. */
  encryptionKey?: string;
  encryptionKeys?: string[];
  /** Gives the public keys; goes before `publicKeyPath`. */
  cryptoKeyReader?: CryptoKeyReader;
  /** When a key cannot be had: reject the send (FAIL, the default), or send it as it is (SEND). */
  cryptoFailureAction?: 'FAIL' | 'SEND';
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

function readEncryption(config: ProducerConfig): TopicProducerOptions['encryption'] {
  const one = textOption(config.encryptionKey);
  const several = Array.isArray(config.encryptionKeys) ? config.encryptionKeys : [];
  const keyNames = [...new Set([...(one === undefined ? [] : [one]), ...several])];
  const publicKey = textOption(config.publicKeyPath);
  const keyReader = keyReaderOption('create producer', config.cryptoKeyReader, { publicKey });
  if (keyNames.length === 0 && keyReader === undefined) return undefined;
  if (
    keyReader !== undefined &&
    keyNames.length > 0 &&
    keyNames.every((name) => typeof name === 'string' && name !== '')
  ) {
    return { keyNames, keyReader, failureAction: config.cryptoFailureAction === 'SEND' ? 'SEND' : 'FAIL' };
  }
  const message =
    'encryption needs key names (encryptionKeys) and where the keys are (cryptoKeyReader or publicKeyPath)';
  throw new PulsarError('InvalidConfiguration', `Failed to create producer: ${message}`);
}

/** Reads `createProducer`'s options; throws when the topic is missing or an option is not supported. */
export function readProducerConfig(config: ProducerConfig): ProducerSettings {
  if (textOption(config?.topic) === undefined) {
    const message = 'Topic is required and must be specified as a string when creating producer';
    throw new PulsarError('InvalidConfiguration', message);
  }
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
    initialSequenceId: config.initialSequenceId === -1 ? -1 : wholeOption(config.initialSequenceId),
    sendTimeoutMs: numberOption(config.sendTimeoutMs, 1, 30_000),
    blockIfQueueFull: flagOption(config.blockIfQueueFull, false),
    compression: choiceOption(config.compressionType, compressions, 'NONE'),
    batching,
    encryption: readEncryption(config),
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
