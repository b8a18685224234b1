import type {
  AckType,
  AuthMethod,
  InitialPosition,
  LookupResult,
  PartitionedMetadataResult,
  ProducerAccessMode,
  ResourceType,
  ServerError,
  SubscriptionType,
  TopicsMode,
  TxnAction,
  ValidationError,
} from './enums.ts';
import { type DecodedOf, type InputOf, message, optional, repeated, required } from './message.ts';
import {
  AuthData,
  FeatureFlags,
  KeyLongValue,
  KeySharedMeta,
  KeyValue,
  MessageIdData,
  Schema,
  Subscription,
} from './messages.ts';
import { bits64, bool, bytes, double, enumeration, i32, i64, opaque64, text, u32, u64, word64 } from './scalars.ts';

const serverError = enumeration<ServerError>();
const txnAction = enumeration<TxnAction>();

const requestId = required(1, opaque64);
const consumerId = required(1, u64);
const producerId = required(1, u64);
const txn = { txnidLeastBits: optional(2, bits64), txnidMostBits: optional(3, bits64) };
const txnResponse = { requestId, ...txn, error: optional(4, serverError), message: optional(5, text) };
const originalPrincipal = (first: number) => ({
  originalPrincipal: optional(first, text),
  originalAuthData: optional(first + 1, text),
  originalAuthMethod: optional(first + 2, text),
});
const assignedBroker = {
  assignedBrokerServiceUrl: optional(3, text),
  assignedBrokerServiceUrlTls: optional(4, text),
};

/**
 * Every command by name: its number (both the value of BaseCommand.type and the field number of its body) and its body
 * (PULSAR-WIRE section 2.1).
 */
export const commands = {
  CONNECT: {
    number: 2,
    body: message('CONNECT', {
      clientVersion: required(1, text),
      authMethod: optional(2, enumeration<AuthMethod>()),
      authData: optional(3, bytes),
      protocolVersion: optional(4, i32),
      authMethodName: optional(5, text),
      proxyToBrokerUrl: optional(6, text),
      ...originalPrincipal(7),
      featureFlags: optional(10, FeatureFlags),
      proxyVersion: optional(11, text),
    }),
  },
  CONNECTED: {
    number: 3,
    body: message('CONNECTED', {
      serverVersion: required(1, text),
      protocolVersion: optional(2, i32),
      maxMessageSize: optional(3, i32),
      featureFlags: optional(4, FeatureFlags),
    }),
  },
  SUBSCRIBE: {
    number: 4,
    body: message('SUBSCRIBE', {
      topic: required(1, text),
      subscription: required(2, text),
      subType: required(3, enumeration<SubscriptionType>()),
      consumerId: required(4, u64),
      requestId: required(5, opaque64),
      consumerName: optional(6, text),
      priorityLevel: optional(7, i32),
      durable: optional(8, bool),
      startMessageId: optional(9, MessageIdData),
      metadata: repeated(10, KeyValue),
      readCompacted: optional(11, bool),
      schema: optional(12, Schema),
      initialPosition: optional(13, enumeration<InitialPosition>()),
      replicateSubscriptionState: optional(14, bool),
      forceTopicCreation: optional(15, bool),
      startMessageRollbackDurationSec: optional(16, u64),
      keySharedMeta: optional(17, KeySharedMeta),
      subscriptionProperties: repeated(18, KeyValue),
      consumerEpoch: optional(19, u64),
    }),
  },
  PRODUCER: {
    number: 5,
    body: message('PRODUCER', {
      topic: required(1, text),
      producerId: required(2, u64),
      requestId: required(3, opaque64),
      producerName: optional(4, text),
      encrypted: optional(5, bool),
      metadata: repeated(6, KeyValue),
      schema: optional(7, Schema),
      epoch: optional(8, u64),
      userProvidedProducerName: optional(9, bool),
      producerAccessMode: optional(10, enumeration<ProducerAccessMode>()),
      topicEpoch: optional(11, u64),
      txnEnabled: optional(12, bool),
      initialSubscriptionName: optional(13, text),
    }),
  },
  SEND: {
    number: 6,
    body: message('SEND', {
      producerId,
      sequenceId: required(2, u64),
      numMessages: optional(3, i32),
      txnidLeastBits: optional(4, bits64),
      txnidMostBits: optional(5, bits64),
      highestSequenceId: optional(6, u64),
      isChunk: optional(7, bool),
      marker: optional(8, bool),
      messageId: optional(9, MessageIdData),
    }),
  },
  SEND_RECEIPT: {
    number: 7,
    body: message('SEND_RECEIPT', {
      producerId,
      sequenceId: required(2, u64),
      messageId: optional(3, MessageIdData),
      highestSequenceId: optional(4, u64),
    }),
  },
  SEND_ERROR: {
    number: 8,
    body: message('SEND_ERROR', {
      producerId,
      sequenceId: required(2, u64),
      error: required(3, serverError),
      message: required(4, text),
    }),
  },
  MESSAGE: {
    number: 9,
    body: message('MESSAGE', {
      consumerId,
      messageId: required(2, MessageIdData),
      redeliveryCount: optional(3, u32),
      ackSet: repeated(4, word64),
      consumerEpoch: optional(5, u64),
    }),
  },
  ACK: {
    number: 10,
    body: message('ACK', {
      consumerId,
      ackType: required(2, enumeration<AckType>()),
      messageId: repeated(3, MessageIdData),
      validationError: optional(4, enumeration<ValidationError>()),
      properties: repeated(5, KeyLongValue),
      txnidLeastBits: optional(6, bits64),
      txnidMostBits: optional(7, bits64),
      requestId: optional(8, opaque64),
    }),
  },
  FLOW: { number: 11, body: message('FLOW', { consumerId, messagePermits: required(2, u32) }) },
  UNSUBSCRIBE: {
    number: 12,
    body: message('UNSUBSCRIBE', { consumerId, requestId: required(2, opaque64), force: optional(3, bool) }),
  },
  SUCCESS: { number: 13, body: message('SUCCESS', { requestId, schema: optional(2, Schema) }) },
  ERROR: {
    number: 14,
    body: message('ERROR', { requestId, error: required(2, serverError), message: required(3, text) }),
  },
  CLOSE_PRODUCER: {
    number: 15,
    body: message('CLOSE_PRODUCER', { producerId, requestId: required(2, opaque64), ...assignedBroker }),
  },
  CLOSE_CONSUMER: {
    number: 16,
    body: message('CLOSE_CONSUMER', { consumerId, requestId: required(2, opaque64), ...assignedBroker }),
  },
  PRODUCER_SUCCESS: {
    number: 17,
    body: message('PRODUCER_SUCCESS', {
      requestId,
      producerName: required(2, text),
      lastSequenceId: optional(3, i64),
      schemaVersion: optional(4, bytes),
      topicEpoch: optional(5, u64),
      producerReady: optional(6, bool),
    }),
  },
  PING: { number: 18, body: message('PING', {}) },
  PONG: { number: 19, body: message('PONG', {}) },
  REDELIVER_UNACKNOWLEDGED_MESSAGES: {
    number: 20,
    body: message('REDELIVER_UNACKNOWLEDGED_MESSAGES', {
      consumerId,
      messageIds: repeated(2, MessageIdData),
      consumerEpoch: optional(3, u64),
    }),
  },
  PARTITIONED_METADATA: {
    number: 21,
    body: message('PARTITIONED_METADATA', {
      topic: required(1, text),
      requestId: required(2, opaque64),
      ...originalPrincipal(3),
      metadataAutoCreationEnabled: optional(6, bool),
    }),
  },
  PARTITIONED_METADATA_RESPONSE: {
    number: 22,
    body: message('PARTITIONED_METADATA_RESPONSE', {
      partitions: optional(1, u32),
      requestId: required(2, opaque64),
      response: optional(3, enumeration<PartitionedMetadataResult>()),
      error: optional(4, serverError),
      message: optional(5, text),
    }),
  },
  LOOKUP: {
    number: 23,
    body: message('LOOKUP', {
      topic: required(1, text),
      requestId: required(2, opaque64),
      authoritative: optional(3, bool),
      ...originalPrincipal(4),
      advertisedListenerName: optional(7, text),
      properties: repeated(8, KeyValue),
    }),
  },
  LOOKUP_RESPONSE: {
    number: 24,
    body: message('LOOKUP_RESPONSE', {
      brokerServiceUrl: optional(1, text),
      brokerServiceUrlTls: optional(2, text),
      response: optional(3, enumeration<LookupResult>()),
      requestId: required(4, opaque64),
      authoritative: optional(5, bool),
      error: optional(6, serverError),
      message: optional(7, text),
      proxyThroughServiceUrl: optional(8, bool),
    }),
  },
  CONSUMER_STATS: { number: 25, body: message('CONSUMER_STATS', { requestId, consumerId: required(4, u64) }) },
  CONSUMER_STATS_RESPONSE: {
    number: 26,
    body: message('CONSUMER_STATS_RESPONSE', {
      requestId,
      errorCode: optional(2, serverError),
      errorMessage: optional(3, text),
      msgRateOut: optional(4, double),
      msgThroughputOut: optional(5, double),
      msgRateRedeliver: optional(6, double),
      consumerName: optional(7, text),
      availablePermits: optional(8, i64),
      unackedMessages: optional(9, u64),
      blockedConsumerOnUnackedMsgs: optional(10, bool),
      address: optional(11, text),
      connectedSince: optional(12, text),
      type: optional(13, text),
      msgRateExpired: optional(14, double),
      msgBacklog: optional(15, u64),
      messageAckRate: optional(16, double),
    }),
  },
  REACHED_END_OF_TOPIC: { number: 27, body: message('REACHED_END_OF_TOPIC', { consumerId }) },
  SEEK: {
    number: 28,
    body: message('SEEK', {
      consumerId,
      requestId: required(2, opaque64),
      messageId: optional(3, MessageIdData),
      messagePublishTime: optional(4, u64),
    }),
  },
  GET_LAST_MESSAGE_ID: {
    number: 29,
    body: message('GET_LAST_MESSAGE_ID', { consumerId, requestId: required(2, opaque64) }),
  },
  GET_LAST_MESSAGE_ID_RESPONSE: {
    number: 30,
    body: message('GET_LAST_MESSAGE_ID_RESPONSE', {
      lastMessageId: required(1, MessageIdData),
      requestId: required(2, opaque64),
      consumerMarkDeletePosition: optional(3, MessageIdData),
    }),
  },
  ACTIVE_CONSUMER_CHANGE: {
    number: 31,
    body: message('ACTIVE_CONSUMER_CHANGE', { consumerId, isActive: optional(2, bool) }),
  },
  GET_TOPICS_OF_NAMESPACE: {
    number: 32,
    body: message('GET_TOPICS_OF_NAMESPACE', {
      requestId,
      namespace: required(2, text),
      mode: optional(3, enumeration<TopicsMode>()),
      topicsPattern: optional(4, text),
      topicsHash: optional(5, text),
      properties: repeated(6, KeyValue),
    }),
  },
  GET_TOPICS_OF_NAMESPACE_RESPONSE: {
    number: 33,
    body: message('GET_TOPICS_OF_NAMESPACE_RESPONSE', {
      requestId,
      topics: repeated(2, text),
      filtered: optional(3, bool),
      topicsHash: optional(4, text),
      changed: optional(5, bool),
    }),
  },
  GET_SCHEMA: {
    number: 34,
    body: message('GET_SCHEMA', { requestId, topic: required(2, text), schemaVersion: optional(3, bytes) }),
  },
  GET_SCHEMA_RESPONSE: {
    number: 35,
    body: message('GET_SCHEMA_RESPONSE', {
      requestId,
      errorCode: optional(2, serverError),
      errorMessage: optional(3, text),
      schema: optional(4, Schema),
      schemaVersion: optional(5, bytes),
    }),
  },
  AUTH_CHALLENGE: {
    number: 36,
    body: message('AUTH_CHALLENGE', {
      serverVersion: optional(1, text),
      challenge: optional(2, AuthData),
      protocolVersion: optional(3, i32),
    }),
  },
  AUTH_RESPONSE: {
    number: 37,
    body: message('AUTH_RESPONSE', {
      clientVersion: optional(1, text),
      response: optional(2, AuthData),
      protocolVersion: optional(3, i32),
    }),
  },
  ACK_RESPONSE: {
    number: 38,
    body: message('ACK_RESPONSE', {
      consumerId,
      ...txn,
      error: optional(4, serverError),
      message: optional(5, text),
      requestId: optional(6, opaque64),
    }),
  },
  GET_OR_CREATE_SCHEMA: {
    number: 39,
    body: message('GET_OR_CREATE_SCHEMA', { requestId, topic: required(2, text), schema: required(3, Schema) }),
  },
  GET_OR_CREATE_SCHEMA_RESPONSE: {
    number: 40,
    body: message('GET_OR_CREATE_SCHEMA_RESPONSE', {
      requestId,
      errorCode: optional(2, serverError),
      errorMessage: optional(3, text),
      schemaVersion: optional(4, bytes),
    }),
  },
  NEW_TXN: {
    number: 50,
    body: message('NEW_TXN', { requestId, txnTtlSeconds: optional(2, u64), tcId: optional(3, u64) }),
  },
  NEW_TXN_RESPONSE: { number: 51, body: message('NEW_TXN_RESPONSE', txnResponse) },
  ADD_PARTITION_TO_TXN: {
    number: 52,
    body: message('ADD_PARTITION_TO_TXN', { requestId, ...txn, partitions: repeated(4, text) }),
  },
  ADD_PARTITION_TO_TXN_RESPONSE: { number: 53, body: message('ADD_PARTITION_TO_TXN_RESPONSE', txnResponse) },
  ADD_SUBSCRIPTION_TO_TXN: {
    number: 54,
    body: message('ADD_SUBSCRIPTION_TO_TXN', { requestId, ...txn, subscription: repeated(4, Subscription) }),
  },
  ADD_SUBSCRIPTION_TO_TXN_RESPONSE: { number: 55, body: message('ADD_SUBSCRIPTION_TO_TXN_RESPONSE', txnResponse) },
  END_TXN: { number: 56, body: message('END_TXN', { requestId, ...txn, txnAction: optional(4, txnAction) }) },
  END_TXN_RESPONSE: { number: 57, body: message('END_TXN_RESPONSE', txnResponse) },
  END_TXN_ON_PARTITION: {
    number: 58,
    body: message('END_TXN_ON_PARTITION', {
      requestId,
      ...txn,
      topic: optional(4, text),
      txnAction: optional(5, txnAction),
      txnidLeastBitsOfLowWatermark: optional(6, bits64),
    }),
  },
  END_TXN_ON_PARTITION_RESPONSE: { number: 59, body: message('END_TXN_ON_PARTITION_RESPONSE', txnResponse) },
  END_TXN_ON_SUBSCRIPTION: {
    number: 60,
    body: message('END_TXN_ON_SUBSCRIPTION', {
      requestId,
      ...txn,
      subscription: optional(4, Subscription),
      txnAction: optional(5, txnAction),
      txnidLeastBitsOfLowWatermark: optional(6, bits64),
    }),
  },
  END_TXN_ON_SUBSCRIPTION_RESPONSE: { number: 61, body: message('END_TXN_ON_SUBSCRIPTION_RESPONSE', txnResponse) },
  TC_CLIENT_CONNECT_REQUEST: {
    number: 62,
    body: message('TC_CLIENT_CONNECT_REQUEST', { requestId, tcId: required(2, u64) }),
  },
  TC_CLIENT_CONNECT_RESPONSE: {
    number: 63,
    body: message('TC_CLIENT_CONNECT_RESPONSE', {
      requestId,
      error: optional(2, serverError),
      message: optional(3, text),
    }),
  },
  WATCH_TOPIC_LIST: {
    number: 64,
    body: message('WATCH_TOPIC_LIST', {
      requestId,
      watcherId: required(2, u64),
      namespace: required(3, text),
      topicsPattern: required(4, text),
      topicsHash: optional(5, text),
    }),
  },
  WATCH_TOPIC_LIST_SUCCESS: {
    number: 65,
    body: message('WATCH_TOPIC_LIST_SUCCESS', {
      requestId,
      watcherId: required(2, u64),
      topic: repeated(3, text),
      topicsHash: required(4, text),
    }),
  },
  WATCH_TOPIC_UPDATE: {
    number: 66,
    body: message('WATCH_TOPIC_UPDATE', {
      watcherId: required(1, u64),
      newTopics: repeated(2, text),
      deletedTopics: repeated(3, text),
      topicsHash: required(4, text),
    }),
  },
  WATCH_TOPIC_LIST_CLOSE: {
    number: 67,
    body: message('WATCH_TOPIC_LIST_CLOSE', { requestId, watcherId: required(2, u64) }),
  },
  TOPIC_MIGRATED: {
    number: 68,
    body: message('TOPIC_MIGRATED', {
      resourceId: required(1, u64),
      resourceType: required(2, enumeration<ResourceType>()),
      brokerServiceUrl: optional(3, text),
      brokerServiceUrlTls: optional(4, text),
    }),
  },
} as const;

/** Names of the commands this code knows. */
export type CommandName = keyof typeof commands;
/** What `encodeCommand(name, …)` takes. */
export type CommandInput<N extends CommandName> = InputOf<(typeof commands)[N]['body']>;
/** What decoding a command gives. */
export type CommandFields<N extends CommandName> = DecodedOf<(typeof commands)[N]['body']>;
