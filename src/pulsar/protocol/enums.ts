/** Numbers of an enum object made with `as const`. */
type ValueOf<T> = T[keyof T];

/** Why a broker refused a request (PulsarApi.proto ServerError). */
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
export type ServerError = ValueOf<typeof ServerError>;

export const CompressionType = { NONE: 0, LZ4: 1, ZLIB: 2, ZSTD: 3, SNAPPY: 4 } as const;
export type CompressionType = ValueOf<typeof CompressionType>;
/** Names of the compressions, as the protocol spells them. */
export type CompressionName = keyof typeof CompressionType;

export const SubscriptionType = { Exclusive: 0, Shared: 1, Failover: 2, KeyShared: 3 } as const;
export type SubscriptionType = ValueOf<typeof SubscriptionType>;
export type SubscriptionTypeName = keyof typeof SubscriptionType;

export const InitialPosition = { Latest: 0, Earliest: 1 } as const;
export type InitialPosition = ValueOf<typeof InitialPosition>;

export const ProducerAccessMode = { Shared: 0, Exclusive: 1, WaitForExclusive: 2, ExclusiveWithFencing: 3 } as const;
export type ProducerAccessMode = ValueOf<typeof ProducerAccessMode>;

export const AckType = { Individual: 0, Cumulative: 1 } as const;
export type AckType = ValueOf<typeof AckType>;

/** Why a consumer discards an entry that it cannot read. */
export const ValidationError = {
  UncompressedSizeCorruption: 0,
  DecompressionError: 1,
  ChecksumMismatch: 2,
  BatchDeSerializeError: 3,
  DecryptionError: 4,
} as const;
export type ValidationError = ValueOf<typeof ValidationError>;
export type ValidationErrorName = keyof typeof ValidationError;

export const PartitionedMetadataResult = { Success: 0, Failed: 1 } as const;
export type PartitionedMetadataResult = ValueOf<typeof PartitionedMetadataResult>;

export const LookupResult = { Redirect: 0, Connect: 1, Failed: 2 } as const;
export type LookupResult = ValueOf<typeof LookupResult>;

export const TopicsMode = { PERSISTENT: 0, NON_PERSISTENT: 1, ALL: 2 } as const;
export type TopicsMode = ValueOf<typeof TopicsMode>;

export const TxnAction = { COMMIT: 0, ABORT: 1 } as const;
export type TxnAction = ValueOf<typeof TxnAction>;

export const KeySharedMode = { AUTO_SPLIT: 0, STICKY: 1 } as const;
export type KeySharedMode = ValueOf<typeof KeySharedMode>;

export const ResourceType = { Producer: 0, Consumer: 1 } as const;
export type ResourceType = ValueOf<typeof ResourceType>;

export const AuthMethod = { AuthMethodNone: 0, AuthMethodYcaV1: 1, AuthMethodAthens: 2 } as const;
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
