import type { MessageIdParts } from '../../core/message-id.ts';
import type { TopicName } from '../../core/topic-name.ts';
import {
  type CommandInput,
  type InitialPosition,
  KeySharedMode,
  type SchemaInput,
  SubscriptionType,
} from '../protocol/index.ts';
import { type CryptoKeyReader, keyReaderOption } from './crypto-key-reader.ts';
import type { DeadLetterOptions } from './dead-letters.ts';
import type { CorruptEntry } from './decode-entry.ts';
import { choiceOption, textOption } from './option-values.ts';
import { keyValues } from './register.ts';

/** What becomes of a message that cannot be decrypted: left unacknowledged, acknowledged, or delivered as it is. */
export type CryptoFailureAction = 'FAIL' | 'DISCARD' | 'CONSUME';

/** How a Key_Shared consumer shares keys. */
export interface KeySharedOptions {
  readonly stickyRanges: readonly { readonly start: number; readonly end: number }[] | undefined;
  readonly isOutOfOrderAllowed: boolean;
}

/** A `ConsumerConfig` or `ReaderConfig` for one topic or partition: checked, with its defaults, in the protocol's numbers. */
export interface TopicConsumerOptions {
  readonly topic: TopicName;
  readonly subscription: string;
  readonly subscriptionType: SubscriptionType;
  readonly initialPosition: InitialPosition;
  readonly consumerName: string;
  /** 0 is served first, on Shared; on Failover it is the first to be active. */
  readonly priorityLevel: number;
  readonly receiverQueueSize: number;
  readonly isDurable: boolean;
  /** Where a consumer that is not durable begins. */
  readonly startMessageId: MessageIdParts | undefined;
  /** Whether the start, or the target of a seek, is delivered itself. */
  readonly isStartInclusive: boolean;
  readonly negativeAckDelayMs: number;
  /** 0 = messages are not redelivered by themselves. */
  readonly ackTimeoutMs: number;
  readonly isBatchIndexAck: boolean;
  readonly isAckReceipt: boolean;
  readonly isReadCompacted: boolean;
  readonly isReplicated: boolean;
  readonly keyShared: KeySharedOptions | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly subscriptionProperties: Readonly<Record<string, string>>;
  readonly schema: SchemaInput | undefined;
  /** Messages of which chunks are still missing; 0: no limit. */
  readonly maxPendingChunkedMessages: number;
  /** Over that limit the oldest is acknowledged instead of being left for redelivery. */
  readonly isOldestChunkedAcked: boolean;
  /** Gives private keys for encrypted messages. */
  readonly keyReader: CryptoKeyReader | undefined;
  readonly cryptoFailureAction: CryptoFailureAction;
  /** On Shared and Key_Shared. */
  readonly deadLetters?: DeadLetterOptions | undefined;
  readonly onCorrupt: ((entry: CorruptEntry) => void) | undefined;
}

const cryptoFailureActions = { FAIL: 'FAIL', DISCARD: 'DISCARD', CONSUME: 'CONSUME' } as const;

/** Reads the options of decryption, which consumers and readers share. Throws `PulsarError` InvalidConfiguration. */
export function readDecryption(
  action: string,
  config: {
    readonly privateKeyPath?: string;
    readonly cryptoKeyReader?: unknown;
    readonly cryptoFailureAction?: unknown;
  },
): Pick<TopicConsumerOptions, 'keyReader' | 'cryptoFailureAction'> {
  const privateKey = textOption(config.privateKeyPath);
  return {
    keyReader: keyReaderOption(action, config.cryptoKeyReader, { privateKey }),
    cryptoFailureAction: choiceOption<CryptoFailureAction>(config.cryptoFailureAction, cryptoFailureActions, 'FAIL'),
  };
}

/** Whether the broker can redeliver on such a subscription only by rewinding it. */
export function canOnlyRewind(type: SubscriptionType): boolean {
  return type === SubscriptionType.Exclusive || type === SubscriptionType.Failover;
}

/** What changes from one SUBSCRIBE of a consumer to the next. */
interface SubscribeState {
  readonly consumerId: number;
  readonly startMessageId: MessageIdParts | undefined;
}

/** The fields of SUBSCRIBE. */
export function subscribeFields(
  options: TopicConsumerOptions,
  { consumerId, startMessageId }: SubscribeState,
): Omit<CommandInput<'SUBSCRIBE'>, 'requestId'> {
  const { stickyRanges, isOutOfOrderAllowed } = options.keyShared ?? {};
  const first = startMessageId?.firstChunk ?? startMessageId;
  const start = first && { ledgerId: first.ledgerId, entryId: first.entryId };
  return {
    topic: options.topic.fullName,
    subscription: options.subscription,
    subType: options.subscriptionType,
    consumerId,
    consumerName: options.consumerName,
    priorityLevel: options.priorityLevel || undefined,
    durable: options.isDurable,
    startMessageId: options.isDurable ? undefined : start,
    metadata: keyValues(options.properties),
    readCompacted: options.isReadCompacted,
    schema: options.schema,
    initialPosition: options.initialPosition,
    replicateSubscriptionState: options.isReplicated || undefined,
    subscriptionProperties: keyValues(options.subscriptionProperties),
    keySharedMeta: options.keyShared && {
      keySharedMode: stickyRanges === undefined ? KeySharedMode.AUTO_SPLIT : KeySharedMode.STICKY,
      hashRanges: stickyRanges,
      allowOutOfOrderDelivery: isOutOfOrderAllowed,
    },
  };
}
