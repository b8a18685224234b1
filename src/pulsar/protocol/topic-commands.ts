import { originalPrincipal, requestId, serverError } from './command-fields.ts';
import type { LookupResult, PartitionedMetadataResult, TopicsMode } from './enums.ts';
import { message, optional, repeated, required } from './message.ts';
import { KeyValue, Schema } from './messages.ts';
import { bool, bytes, enumeration, opaque64, text, u32 } from './scalars.ts';

/** Finding topics, their partitions, brokers and schemas (PULSAR-WIRE section 2.1). */
export const topicCommands = {
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
} as const;
