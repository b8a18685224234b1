import { GUARANTEES, type Guarantee } from '../../core/guarantee.ts';
import {
  decimal,
  flag,
  integer,
  mapOf,
  object,
  oneOf,
  type Read,
  type Reader,
  record,
  text,
  textList,
  Unreadable,
} from './readers.ts';

const offered = oneOf(...GUARANTEES);

const guarantee: Reader<Guarantee> = Object.assign(
  (value: unknown) => {
    if (value !== 'MANUAL') return offered(value);
    throw new Unreadable(
      `must be one of ${GUARANTEES.join(', ')}; MANUAL is not offered, because no connector here acknowledges records by itself`,
    );
  },
  { schema: offered.schema },
);

const RESOURCES = record({ cpu: decimal, ram: integer, disk: integer });

const CRYPTO = record({ cryptoKeyReaderClassName: text });

const BATCHING = record({
  enabled: flag,
  batchingMaxPublishDelayMs: integer,
  roundRobinRouterBatchingPartitionSwitchFrequency: integer,
  batchingMaxMessages: integer,
  batchingMaxBytes: integer,
  batchBuilder: text,
});

const PRODUCER = record({
  maxPendingMessages: integer,
  maxPendingMessagesAcrossPartitions: integer,
  useThreadLocalProducers: flag,
  cryptoConfig: CRYPTO,
  batchBuilder: text,
  compressionType: oneOf('NONE', 'LZ4', 'ZLIB', 'ZSTD', 'SNAPPY'),
  batchingConfig: BATCHING,
});

const CONSUMER = record({
  schemaType: text,
  serdeClassName: text,
  regexPattern: flag,
  /** How Gson, and so pulsar-admin with a package URL, spells `regexPattern`. */
  isRegexPattern: flag,
  schemaProperties: object,
  consumerProperties: mapOf(text),
  receiverQueueSize: integer,
  cryptoConfig: CRYPTO,
  messagePayloadProcessorConfig: record({ className: text }),
  poolMessages: flag,
});

const COMMON = {
  className: text,
  archive: text,
  configs: object,
  secrets: object,
  parallelism: integer,
  processingGuarantees: guarantee,
  resources: RESOURCES,
  runtimeFlags: text,
  customRuntimeOptions: text,
  logTopic: text,
} as const;

const SOURCE = {
  ...COMMON,
  topicName: text,
  producerConfig: PRODUCER,
  serdeClassName: text,
  schemaType: text,
  batchSourceConfig: object,
  batchBuilder: text,
} as const;

const SINK = {
  ...COMMON,
  sourceSubscriptionName: text,
  sourceSubscriptionPosition: oneOf('Latest', 'Earliest'),
  inputs: textList,
  topicsPattern: text,
  topicToSerdeClassName: mapOf(text),
  topicToSchemaType: mapOf(text),
  inputSpecs: mapOf(CONSUMER),
  maxMessageRetries: integer,
  deadLetterTopic: text,
  retainOrdering: flag,
  retainKeyOrdering: flag,
  autoAck: flag,
  timeoutMs: integer,
  negativeAckRedeliveryDelayMs: integer,
  cleanupSubscription: flag,
  transformFunction: text,
  transformFunctionClassName: text,
  transformFunctionConfig: text,
} as const;

/** What sources and sinks share of a configuration as it was sent. */
export type CommonDraft = Read<typeof COMMON>;
/** Pulsar's `SourceConfig` as it was sent: every field may be absent (PULSAR-ADMIN-CONTRACT 2.2). */
export type SourceDraft = Read<typeof SOURCE>;
/** Pulsar's `SinkConfig` as it was sent (PULSAR-ADMIN-CONTRACT 2.3). */
export type SinkDraft = Read<typeof SINK>;
/** Pulsar's `ConsumerConfig` of one input as it was sent. */
export type InputDraft = Exclude<ReturnType<typeof CONSUMER>, undefined>;

/** Reads a `sourceConfig`. Throws `Unreadable`. */
export const readSourceDraft = record(SOURCE);
/** Reads a `sinkConfig`. Throws `Unreadable`. */
export const readSinkDraft = record(SINK);

/** Pulsar's `UpdateOptionsImpl`. */
export const readUpdateOptions = record({ updateAuthData: flag });
