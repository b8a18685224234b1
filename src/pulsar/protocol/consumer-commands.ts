import { assignedBroker, consumerId, requestId, serverError } from './command-fields.ts';
import type { AckType, InitialPosition, SubscriptionType, ValidationError } from './enums.ts';
import { message, optional, repeated, required } from './message.ts';
import { KeyLongValue, KeySharedMeta, KeyValue, MessageIdData, Schema } from './messages.ts';
import { bits64, bool, double, enumeration, i32, i64, opaque64, text, u32, u64, word64 } from './scalars.ts';

/** Subscribing, receiving, acknowledging and moving (PULSAR-WIRE section 2.1). */
export const consumerCommands = {
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
  ACK_RESPONSE: {
    number: 38,
    body: message('ACK_RESPONSE', {
      consumerId,
      txnidLeastBits: optional(2, bits64),
      txnidMostBits: optional(3, bits64),
      error: optional(4, serverError),
      message: optional(5, text),
      requestId: optional(6, opaque64),
    }),
  },
  FLOW: { number: 11, body: message('FLOW', { consumerId, messagePermits: required(2, u32) }) },
  UNSUBSCRIBE: {
    number: 12,
    body: message('UNSUBSCRIBE', { consumerId, requestId: required(2, opaque64), force: optional(3, bool) }),
  },
  CLOSE_CONSUMER: {
    number: 16,
    body: message('CLOSE_CONSUMER', { consumerId, requestId: required(2, opaque64), ...assignedBroker }),
  },
  REDELIVER_UNACKNOWLEDGED_MESSAGES: {
    number: 20,
    body: message('REDELIVER_UNACKNOWLEDGED_MESSAGES', {
      consumerId,
      messageIds: repeated(2, MessageIdData),
      consumerEpoch: optional(3, u64),
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
} as const;
