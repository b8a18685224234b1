import type { SchemaTypeName } from '../../core/schema/definition.ts';
import type { ClientConfig } from './client-config.ts';
import type { ConsumerConfig } from './consumer-config.ts';
import type { PublicEncryptionContext } from './encryption-context.ts';
import type { ProducerConfig } from './producer-config.ts';

// The names that npm `pulsar-client` 1.18 gives to parts of its options.

/** What a custom router is told of the topic. */
export interface TopicMetadata {
  numPartitions: number;
}

/** Options of `new Client` but for where it goes. */
export type ClientConfigBase = Omit<ClientConfig, 'serviceUrl' | 'serviceUrlProvider'>;
/** One of the keys that a message was encrypted for. */
export type EncryptionKey = PublicEncryptionContext['keys'][number];
/** When `batchReceive` resolves. */
export type ConsumerBatchReceivePolicy = NonNullable<ConsumerConfig['batchReceivePolicy']>;
/** How a Key_Shared consumer shares keys. */
export type KeySharedPolicy = NonNullable<ConsumerConfig['keySharedPolicy']>;
/** How keys are given to Key_Shared consumers. */
export type ConsumerKeyShareMode = NonNullable<KeySharedPolicy['keyShareMode']>;
/** Hash ranges of a sticky Key_Shared consumer, from 0 to 65535. */
export type ConsumerKeyShareStickyRanges = NonNullable<KeySharedPolicy['stickyRanges']>;
/** A hash range, both ends included. */
export type ConsumerKeyShareStickyRange = ConsumerKeyShareStickyRanges[number];
/** Which topics a pattern may match. */
export type RegexSubscriptionMode = NonNullable<ConsumerConfig['regexSubscriptionMode']>;
/** How a subscription's messages are shared among its consumers. */
export type SubscriptionType = NonNullable<ConsumerConfig['subscriptionType']>;
/** Where a new subscription begins. */
export type InitialPosition = NonNullable<ConsumerConfig['subscriptionInitialPosition']>;
/** What to do with messages that cannot be decrypted. */
export type ConsumerCryptoFailureAction = NonNullable<ConsumerConfig['cryptoFailureAction']>;
/** What to do with messages that cannot be encrypted. */
export type ProducerCryptoFailureAction = NonNullable<ProducerConfig['cryptoFailureAction']>;
/** How messages are spread over partitions. */
export type MessageRoutingMode = NonNullable<ProducerConfig['messageRoutingMode']>;
/** How a key is turned into a partition. */
export type HashingScheme = NonNullable<ProducerConfig['hashingScheme']>;
/** How payloads are compressed. */
export type CompressionType = NonNullable<ProducerConfig['compressionType']>;
/** What goes into one batch. */
export type ProducerBatchType = NonNullable<ProducerConfig['batchingType']>;
/** Who else may publish. */
export type ProducerAccessMode = NonNullable<ProducerConfig['accessMode']>;
/** Types of schemas; those from `Date` on are additions. */
export type SchemaType = SchemaTypeName;
