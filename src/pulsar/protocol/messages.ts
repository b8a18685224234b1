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
export type MessageIdData = DecodedOf<typeof MessageIdData>;
export type MessageIdInput = InputOf<typeof MessageIdData>;

export const KeyValue = message('KeyValue', { key: required(1, text), value: required(2, text) });
export type KeyValue = DecodedOf<typeof KeyValue>;

export const KeyLongValue = message('KeyLongValue', { key: required(1, text), value: required(2, u64) });
export type KeyLongValue = DecodedOf<typeof KeyLongValue>;

export const IntRange = message('IntRange', { start: required(1, i32), end: required(2, i32) });
export type IntRange = DecodedOf<typeof IntRange>;

export const EncryptionKeys = message('EncryptionKeys', {
  key: required(1, text),
  value: required(2, bytes),
  metadata: repeated(3, KeyValue),
});
export type EncryptionKeys = DecodedOf<typeof EncryptionKeys>;

export const Schema = message('Schema', {
  name: required(1, text),
  schemaData: required(3, bytes),
  type: required(4, enumeration<SchemaType>()),
  properties: repeated(5, KeyValue),
});
export type Schema = DecodedOf<typeof Schema>;
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
export type MessageMetadata = DecodedOf<typeof MessageMetadata>;
export type MessageMetadataInput = InputOf<typeof MessageMetadata>;

/** Metadata of one message inside a batch. */
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
export type SingleMessageMetadata = DecodedOf<typeof SingleMessageMetadata>;
export type SingleMessageMetadataInput = InputOf<typeof SingleMessageMetadata>;

/** What a broker puts before an entry: its own clock and the index of the entry's last message. */
export const BrokerEntryMetadata = message('BrokerEntryMetadata', {
  brokerTimestamp: optional(1, u64),
  index: optional(2, u64),
});
export type BrokerEntryMetadata = DecodedOf<typeof BrokerEntryMetadata>;

export const AuthData = message('AuthData', { authMethodName: optional(1, text), authData: optional(2, bytes) });
export type AuthData = DecodedOf<typeof AuthData>;

export const FeatureFlags = message('FeatureFlags', {
  supportsAuthRefresh: optional(1, bool),
  supportsBrokerEntryMetadata: optional(2, bool),
  supportsPartialProducer: optional(3, bool),
  supportsTopicWatchers: optional(4, bool),
  supportsGetPartitionedMetadataWithoutAutoCreation: optional(5, bool),
  supportsReplDedupByLidAndEid: optional(6, bool),
  supportsTopicWatcherReconcile: optional(7, bool),
});
export type FeatureFlags = DecodedOf<typeof FeatureFlags>;

export const KeySharedMeta = message('KeySharedMeta', {
  keySharedMode: required(1, enumeration<KeySharedMode>()),
  hashRanges: repeated(3, IntRange),
  allowOutOfOrderDelivery: optional(4, bool),
});
export type KeySharedMeta = DecodedOf<typeof KeySharedMeta>;

export const Subscription = message('Subscription', { topic: required(1, text), subscription: required(2, text) });
export type Subscription = DecodedOf<typeof Subscription>;
