import type { CompressionType, KeySharedMode, SchemaType } from './enums.ts';
import { type DecodedOf, type InputOf, message, optional, repeated, required } from './message.ts';
import { bits64, bool, bytes, enumeration, i32, i64, text, u32, u64, word64 } from './scalars.ts';

const idFields = {
  ledgerId: required(1, u64),
  entryId: required(2, u64),
  partition: optional(3, i32),
  batchIndex: optional(4, i32),
  ackSet: repeated(5, word64),
  batchSize: optional(6, i32),
};

/**
 * Place of a message in a topic; -1/-1 is "earliest" and "duplicate", MAX_SAFE_INTEGER/MAX_SAFE_INTEGER "latest". The id of a
 * chunked message is that of its last chunk, and the first chunk's id (which has no such field itself) is inside.
 */
export const MessageIdData = message('MessageIdData', {
  ...idFields,
  firstChunkMessageId: optional(7, message('MessageIdData', idFields)),
});
/** What decoding a {@link MessageIdData} gives. */
export type MessageIdData = DecodedOf<typeof MessageIdData>;
/** What encoding a {@link MessageIdData} takes. */
export type MessageIdInput = InputOf<typeof MessageIdData>;

/** A named text: properties of messages, subscriptions and schemas, metadata of producers and consumers. A name may come twice; the last counts. */
export const KeyValue = message('KeyValue', { key: required(1, text), value: required(2, text) });
/** What decoding a {@link KeyValue} gives. */
export type KeyValue = DecodedOf<typeof KeyValue>;

/** A named number: the properties of ACK. */
export const KeyLongValue = message('KeyLongValue', { key: required(1, text), value: required(2, u64) });
/** What decoding a {@link KeyLongValue} gives. */
export type KeyLongValue = DecodedOf<typeof KeyLongValue>;

/** Hashes that a STICKY Key_Shared consumer takes, 0…65535, both ends included (KeySharedMeta). */
export const IntRange = message('IntRange', { start: required(1, i32), end: required(2, i32) });
/** What decoding a {@link IntRange} gives. */
export type IntRange = DecodedOf<typeof IntRange>;

/** The key of an encrypted entry, itself encrypted for one of its readers, who is named by `key` (MessageMetadata). */
export const EncryptionKeys = message('EncryptionKeys', {
  key: required(1, text),
  value: required(2, bytes),
  metadata: repeated(3, KeyValue),
});
/** What decoding a {@link EncryptionKeys} gives. */
export type EncryptionKeys = DecodedOf<typeof EncryptionKeys>;

/** A schema as PRODUCER and SUBSCRIBE bring it and GET_SCHEMA gives it; `schemaData` is the definition, for Avro and JSON an Avro schema as JSON. */
export const Schema = message('Schema', {
  name: required(1, text),
  schemaData: required(3, bytes),
  type: required(4, enumeration<SchemaType>()),
  properties: repeated(5, KeyValue),
});
/** What decoding a {@link Schema} gives. */
export type Schema = DecodedOf<typeof Schema>;
/** What encoding a {@link Schema} takes. */
export type SchemaInput = InputOf<typeof Schema>;

/** Metadata of an entry: of its message, or of the whole batch when `numMessagesInBatch` is present (even as 1). */
export const MessageMetadata = message('MessageMetadata', {
  producerName: required(1, text),
  sequenceId: required(2, u64),
  publishTime: required(3, u64),
  properties: repeated(4, KeyValue),
  replicatedFrom: optional(5, text),
  partitionKey: optional(6, text),
  replicateTo: repeated(7, text),
  compression: optional(8, enumeration<CompressionType>()),
  uncompressedSize: optional(9, u32),
  numMessagesInBatch: optional(11, i32),
  eventTime: optional(12, u64),
  encryptionKeys: repeated(13, EncryptionKeys),
  encryptionAlgo: optional(14, text),
  encryptionParam: optional(15, bytes),
  schemaVersion: optional(16, bytes),
  partitionKeyB64Encoded: optional(17, bool),
  orderingKey: optional(18, bytes),
  deliverAtTime: optional(19, i64),
  markerType: optional(20, i32),
  txnidLeastBits: optional(22, bits64),
  txnidMostBits: optional(23, bits64),
  highestSequenceId: optional(24, u64),
  nullValue: optional(25, bool),
  uuid: optional(26, text),
  numChunksFromMsg: optional(27, i32),
  totalChunkMsgSize: optional(28, i32),
  chunkId: optional(29, i32),
  nullPartitionKey: optional(30, bool),
  compactedBatchIndexes: repeated(31, i32),
  schemaId: optional(32, bytes),
});
/** What decoding a {@link MessageMetadata} gives. */
export type MessageMetadata = DecodedOf<typeof MessageMetadata>;
/** What encoding a {@link MessageMetadata} takes. */
export type MessageMetadataInput = InputOf<typeof MessageMetadata>;

/** Metadata of one message inside a batch, before its `payloadSize` bytes (PULSAR-WIRE 1). */
export const SingleMessageMetadata = message('SingleMessageMetadata', {
  properties: repeated(1, KeyValue),
  partitionKey: optional(2, text),
  payloadSize: required(3, i32),
  compactedOut: optional(4, bool),
  eventTime: optional(5, u64),
  partitionKeyB64Encoded: optional(6, bool),
  orderingKey: optional(7, bytes),
  sequenceId: optional(8, u64),
  nullValue: optional(9, bool),
  nullPartitionKey: optional(10, bool),
});
/** What decoding a {@link SingleMessageMetadata} gives. */
export type SingleMessageMetadata = DecodedOf<typeof SingleMessageMetadata>;
/** What encoding a {@link SingleMessageMetadata} takes. */
export type SingleMessageMetadataInput = InputOf<typeof SingleMessageMetadata>;

/** What a broker may put before an entry that it delivers: its own clock in epoch milliseconds and the index of the entry's last message. */
export const BrokerEntryMetadata = message('BrokerEntryMetadata', {
  brokerTimestamp: optional(1, u64),
  index: optional(2, u64),
});
/** What decoding a {@link BrokerEntryMetadata} gives. */
export type BrokerEntryMetadata = DecodedOf<typeof BrokerEntryMetadata>;

/** A round of authentication: what the broker asks in AUTH_CHALLENGE and the client's AUTH_RESPONSE says. */
export const AuthData = message('AuthData', { authMethodName: optional(1, text), authData: optional(2, bytes) });
/** What decoding a {@link AuthData} gives. */
export type AuthData = DecodedOf<typeof AuthData>;

/** What each side can do beyond its protocol version, said once in CONNECT and CONNECTED. */
export const FeatureFlags = message('FeatureFlags', {
  supportsAuthRefresh: optional(1, bool),
  supportsBrokerEntryMetadata: optional(2, bool),
  supportsPartialProducer: optional(3, bool),
  supportsTopicWatchers: optional(4, bool),
  supportsGetPartitionedMetadataWithoutAutoCreation: optional(5, bool),
  supportsReplDedupByLidAndEid: optional(6, bool),
  supportsTopicWatcherReconcile: optional(7, bool),
});
/** What decoding a {@link FeatureFlags} gives. */
export type FeatureFlags = DecodedOf<typeof FeatureFlags>;

/** How a Key_Shared consumer wants its keys (SUBSCRIBE). Without `allowOutOfOrderDelivery` a key waits for its former consumer's acknowledgements. */
export const KeySharedMeta = message('KeySharedMeta', {
  keySharedMode: required(1, enumeration<KeySharedMode>()),
  hashRanges: repeated(3, IntRange),
  allowOutOfOrderDelivery: optional(4, bool),
});
/** What decoding a {@link KeySharedMeta} gives. */
export type KeySharedMeta = DecodedOf<typeof KeySharedMeta>;

/** A subscription that acknowledges within a transaction (ADD_SUBSCRIPTION_TO_TXN, END_TXN_ON_SUBSCRIPTION). */
export const Subscription = message('Subscription', { topic: required(1, text), subscription: required(2, text) });
/** What decoding a {@link Subscription} gives. */
export type Subscription = DecodedOf<typeof Subscription>;
