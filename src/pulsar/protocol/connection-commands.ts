import { originalPrincipal, requestId, serverError } from './command-fields.ts';
import type { AuthMethod, ResourceType } from './enums.ts';
import { message, optional, required } from './message.ts';
import { AuthData, FeatureFlags, Schema } from './messages.ts';
import { bytes, enumeration, i32, text, u64 } from './scalars.ts';

/** Connecting, credentials, and what keeps a connection alive (PULSAR-WIRE section 2.1). */
export const connectionCommands = {
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
  PING: { number: 18, body: message('PING', {}) },
  PONG: { number: 19, body: message('PONG', {}) },
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
  SUCCESS: { number: 13, body: message('SUCCESS', { requestId, schema: optional(2, Schema) }) },
  ERROR: {
    number: 14,
    body: message('ERROR', { requestId, error: required(2, serverError), message: required(3, text) }),
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
