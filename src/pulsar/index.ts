/** The package's `./pulsar` door: a Pulsar client in plain TypeScript, with the API of npm `pulsar-client`. */
export type { MessageIdParts } from '../core/message-id.ts';
export type {
  ClientConfigBase,
  CompressionType,
  ConsumerBatchReceivePolicy,
  ConsumerCryptoFailureAction,
  ConsumerKeyShareMode,
  ConsumerKeyShareStickyRange,
  ConsumerKeyShareStickyRanges,
  EncryptionKey,
  HashingScheme,
  InitialPosition,
  KeySharedPolicy,
  MessageRoutingMode,
  ProducerAccessMode,
  ProducerBatchType,
  ProducerCryptoFailureAction,
  RegexSubscriptionMode,
  SchemaType,
  SubscriptionType,
  TopicMetadata,
} from './client/api-types.ts';
export {
  type AthenzConfig,
  type AthenzX509Config,
  AuthenticationAthenz,
  AuthenticationBasic,
  AuthenticationTls,
  AuthenticationToken,
} from './client/authentication.ts';
export { Client, type RegisteredSchema } from './client/client.ts';
export type { ClientConfig } from './client/client-config.ts';
export type { AcknowledgeOptions, Consumer, ReceiveLimits as ReceiveTimeout } from './client/consumer.ts';
export type { ConsumerConfig, DeadLetterPolicy } from './client/consumer-config.ts';
export { CryptoKeyReader, type EncryptionKeyInfo } from './client/crypto-key-reader.ts';
export type { PublicEncryptionContext as EncryptionContext } from './client/encryption-context.ts';
export { type LogHandler, LogLevel } from './client/log.ts';
export { Message } from './client/message.ts';
export { MessageId } from './client/message-id.ts';
export { AuthenticationOauth2, type Oauth2Parameters } from './client/oauth2.ts';
export type { Producer, SendOptions } from './client/producer.ts';
export type { MessageRouter, ProducerConfig } from './client/producer-config.ts';
export type { ProducerMessage, ValueMessage } from './client/producer-message.ts';
export { ProtobufNativeSchema } from './client/protobuf-native-schema.ts';
export type { Reader, ReaderConfig } from './client/reader.ts';
export { keyValueSchema, type SchemaInfo } from './client/schema-info.ts';
export type { AutoClusterFailoverConfig, ServiceInfo } from './client/service-config.ts';
export type { Transaction, TransactionOptions, TransactionState } from './client/transaction.ts';
export type { WaitOptions } from './client/wait-options.ts';
export { PulsarError } from './errors.ts';
export type { Authentication } from './network/authentication.ts';
