import { assignedBroker, producerId, requestId, serverError } from './command-fields.ts';
import type { ProducerAccessMode } from './enums.ts';
import { message, optional, repeated, required } from './message.ts';
import { KeyValue, MessageIdData, Schema } from './messages.ts';
import { bits64, bool, bytes, enumeration, i32, i64, opaque64, text, u64 } from './scalars.ts';

/** Registering producers, and publishing (PULSAR-WIRE section 2.1). */
export const producerCommands = {
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
  CLOSE_PRODUCER: {
    number: 15,
    body: message('CLOSE_PRODUCER', { producerId, requestId: required(2, opaque64), ...assignedBroker }),
  },
} as const;
