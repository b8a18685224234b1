import type { Compression } from '../../core/messaging.ts';
import type { TopicName } from '../../core/topic-name.ts';
import type { CommandInput, ProducerAccessMode, SchemaInput } from '../protocol/index.ts';
import type { BatchLimits } from './batcher.ts';
import type { EncryptPayload } from './encode-entry.ts';
import { type EncryptionSettings, payloadEncrypter } from './message-encryption.ts';
import { keyValues } from './register.ts';

/** A `ProducerConfig` for one topic or partition: checked, with its defaults, in the protocol's numbers. */
export interface TopicProducerOptions {
  readonly topic: TopicName;
  readonly producerName: string | undefined;
  /** The first message gets this + 1; absent: what the broker's deduplication says. */
  readonly initialSequenceId: number | undefined;
  readonly sendTimeoutMs: number;
  readonly maxPendingMessages: number;
  readonly blockIfQueueFull: boolean;
  readonly compression: Compression;
  /** Absent: no batches. */
  readonly batching: (BatchLimits & { readonly maxDelayMs: number }) | undefined;
  /** Messages that are too large for one entry are sent in several; needs `batching` to be absent. */
  readonly isChunking: boolean;
  readonly encryption: Pick<EncryptionSettings, 'keyNames' | 'keyReader' | 'failureAction'> | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly schema: SchemaInput | undefined;
  readonly accessMode: ProducerAccessMode;
  readonly initialSubscriptionName: string | undefined;
}

/** What encrypts a producer's payloads, if anything; `onFailure` hears of what is sent in the open. */
export function encrypterOf(
  { encryption }: TopicProducerOptions,
  onFailure: EncryptionSettings['onFailure'],
): EncryptPayload | undefined {
  return encryption && payloadEncrypter({ ...encryption, onFailure, nowMs: () => performance.now() });
}

/** What changes from one PRODUCER of a producer to the next. */
interface RegistrationState {
  readonly producerId: number;
  /** The name it has; undefined at the first registration. */
  readonly name: string | undefined;
  readonly epoch: number;
  readonly topicEpoch: number | undefined;
}

/** The fields of PRODUCER. */
export function producerFields(
  options: TopicProducerOptions,
  { producerId, name, epoch, topicEpoch }: RegistrationState,
): Omit<CommandInput<'PRODUCER'>, 'requestId'> {
  return {
    topic: options.topic.fullName,
    producerId,
    producerName: name ?? options.producerName,
    userProvidedProducerName: options.producerName !== undefined,
    epoch,
    encrypted: options.encryption && true,
    metadata: keyValues(options.properties),
    schema: options.schema,
    producerAccessMode: options.accessMode,
    topicEpoch,
    initialSubscriptionName: options.initialSubscriptionName,
  };
}
