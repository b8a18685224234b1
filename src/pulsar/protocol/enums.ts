import type { Compression, ConsumerOptions } from '../../core/messaging.ts';

/** Numbers of an enum object made with `as const`. */
type ValueOf<T> = T[keyof T];

/** Why a broker refused a request (PulsarApi.proto ServerError): in ERROR, SEND_ERROR and the answers that have an error of their own. */
export const ServerError = {
  UnknownError: 0,
  MetadataError: 1,
  PersistenceError: 2,
  AuthenticationError: 3,
  AuthorizationError: 4,
  ConsumerBusy: 5,
  ServiceNotReady: 6,
  ProducerBlockedQuotaExceededError: 7,
  ProducerBlockedQuotaExceededException: 8,
  ChecksumError: 9,
  UnsupportedVersionError: 10,
  TopicNotFound: 11,
  SubscriptionNotFound: 12,
  ConsumerNotFound: 13,
  TooManyRequests: 14,
  TopicTerminatedError: 15,
  ProducerBusy: 16,
  InvalidTopicName: 17,
  IncompatibleSchema: 18,
  ConsumerAssignError: 19,
  TransactionCoordinatorNotFound: 20,
  InvalidTxnStatus: 21,
  NotAllowedError: 22,
  TransactionConflict: 23,
  TransactionNotFound: 24,
  ProducerFenced: 25,
} as const;
/** A number of {@link ServerError}. */
export type ServerError = ValueOf<typeof ServerError>;

/** How the payload of an entry is compressed, a batch as a whole (MessageMetadata.compression). */
export const CompressionType = {
  NONE: 0,
  LZ4: 1,
  ZLIB: 2,
  ZSTD: 3,
  SNAPPY: 4,
} as const satisfies Record<Compression, number>;
/** A number of {@link CompressionType}. */
export type CompressionType = ValueOf<typeof CompressionType>;

/** How consumers share a subscription (SUBSCRIBE); all that are connected at a time must say the same. */
export const SubscriptionType = {
  Exclusive: 0,
  Shared: 1,
  Failover: 2,
  KeyShared: 3,
} as const satisfies Record<ConsumerOptions['subscriptionType'], number>;
/** A number of {@link SubscriptionType}. */
export type SubscriptionType = ValueOf<typeof SubscriptionType>;

/** Where SUBSCRIBE puts a durable subscription that it creates; one that exists stays where it is. */
export const InitialPosition = {
  Latest: 0,
  Earliest: 1,
} as const satisfies Record<ConsumerOptions['initialPosition'], number>;
/** A number of {@link InitialPosition}. */
export type InitialPosition = ValueOf<typeof InitialPosition>;

/** Whether a producer shares its topic, wants it alone, waits for that, or drives the others away (PRODUCER). */
export const ProducerAccessMode = { Shared: 0, Exclusive: 1, WaitForExclusive: 2, ExclusiveWithFencing: 3 } as const;
/** A number of {@link ProducerAccessMode}. */
export type ProducerAccessMode = ValueOf<typeof ProducerAccessMode>;

/** Whether ACK is about the ids it lists, or about everything up to its one id (never on Shared and Key_Shared). */
export const AckType = { Individual: 0, Cumulative: 1 } as const;
/** A number of {@link AckType}. */
export type AckType = ValueOf<typeof AckType>;

/** Why a consumer discards an entry that it cannot read; ACK tells the broker. */
export const ValidationError = {
  UncompressedSizeCorruption: 0,
  DecompressionError: 1,
  ChecksumMismatch: 2,
  BatchDeSerializeError: 3,
  DecryptionError: 4,
} as const;
/** A number of {@link ValidationError}. */
export type ValidationError = ValueOf<typeof ValidationError>;
/** Names of {@link ValidationError}, as corrupt entries are reported by. */
export type ValidationErrorName = keyof typeof ValidationError;

/** Whether PARTITIONED_METADATA_RESPONSE has a number of partitions or an error. */
export const PartitionedMetadataResult = { Success: 0, Failed: 1 } as const;
/** A number of {@link PartitionedMetadataResult}. */
export type PartitionedMetadataResult = ValueOf<typeof PartitionedMetadataResult>;

/** What to do with the address in LOOKUP_RESPONSE: ask there again, use it, or give up with its error. */
export const LookupResult = { Redirect: 0, Connect: 1, Failed: 2 } as const;
/** A number of {@link LookupResult}. */
export type LookupResult = ValueOf<typeof LookupResult>;

/** Which topics of a namespace GET_TOPICS_OF_NAMESPACE lists. */
export const TopicsMode = { PERSISTENT: 0, NON_PERSISTENT: 1, ALL: 2 } as const;
/** A number of {@link TopicsMode}. */
export type TopicsMode = ValueOf<typeof TopicsMode>;

/** How END_TXN and its commands to partitions and subscriptions end a transaction. */
export const TxnAction = { COMMIT: 0, ABORT: 1 } as const;
/** A number of {@link TxnAction}. */
export type TxnAction = ValueOf<typeof TxnAction>;

/** Whether the broker divides the keys among Key_Shared consumers, or each says which hashes it takes (KeySharedMeta). */
export const KeySharedMode = { AUTO_SPLIT: 0, STICKY: 1 } as const;
/** A number of {@link KeySharedMode}. */
export type KeySharedMode = ValueOf<typeof KeySharedMode>;

/** What TOPIC_MIGRATED sends to another cluster: its `resourceId` is a producer's or a consumer's id. */
export const ResourceType = { Producer: 0, Consumer: 1 } as const;
/** A number of {@link ResourceType}. */
export type ResourceType = ValueOf<typeof ResourceType>;

/** Authentication as CONNECT named it before it had `authMethodName`; brokers still read it. */
export const AuthMethod = { AuthMethodNone: 0, AuthMethodYcaV1: 1, AuthMethodAthens: 2 } as const;
/** A number of {@link AuthMethod}. */
export type AuthMethod = ValueOf<typeof AuthMethod>;

/** Schema types as the wire numbers them; Java's own numbers differ from 21 on. */
export const SchemaType = {
  None: 0,
  String: 1,
  Json: 2,
  Protobuf: 3,
  Avro: 4,
  Bool: 5,
  Int8: 6,
  Int16: 7,
  Int32: 8,
  Int64: 9,
  Float: 10,
  Double: 11,
  Date: 12,
  Time: 13,
  Timestamp: 14,
  KeyValue: 15,
  Instant: 16,
  LocalDate: 17,
  LocalTime: 18,
  LocalDateTime: 19,
  ProtobufNative: 20,
  AutoConsume: 21,
  External: 22,
} as const;
/** A number of {@link SchemaType}. */
export type SchemaType = ValueOf<typeof SchemaType>;

/** Newest protocol version that this code speaks (v21: AUTO_CONSUME schema in SUBSCRIBE). */
export const PROTOCOL_VERSION = 21;

const serverErrorNames = new Map<number, keyof typeof ServerError>(
  Object.entries(ServerError).map(([name, value]) => [value, name as keyof typeof ServerError]),
);

/** Name of a broker's error number; numbers this version does not know are 'UnknownError'. */
export function serverErrorName(value: number): keyof typeof ServerError {
  return serverErrorNames.get(value) ?? 'UnknownError';
}
