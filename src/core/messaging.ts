import type { MessageIdParts } from './message-id.ts';

/**
 * What a run needs of a Pulsar client: a *session*. Nothing in it reconnects, re-sends or times a send out; a disconnect ends it
 * and is seen (GUARANTEES rules 1-4, 12, 34). Implemented by `src/pulsar`.
 */
export interface MessagingSession {
  /** Number of partitions of a topic, 0 when it is not partitioned. */
  partitions(topic: string, signal?: AbortSignal): Promise<number>;
  /** Opens a producer; a name that is held by a living connection rejects with code `ProducerBusy`. */
  producer(options: ProducerOptions): Promise<MessagingProducer>;
  /** Subscribes; a subscription that another type or an exclusive consumer holds rejects with code `ConsumerBusy`. */
  consumer(options: ConsumerOptions): Promise<MessagingConsumer>;
  /** Resolves when the session ended; with an Error when nobody asked for it. */
  readonly closed: Promise<Error | undefined>;
  /** Closes producers and consumers, then the sockets. */
  close(): Promise<void>;
  /** Destroys the sockets at once: nothing is flushed, every wait rejects. */
  destroy(): void;
}

/** Pulsar's compression types. */
export type Compression = 'NONE' | 'LZ4' | 'ZLIB' | 'ZSTD' | 'SNAPPY';

/** Options of {@link MessagingSession.producer}. */
export interface ProducerOptions {
  readonly topic: string;
  /** Absent: the broker makes one up. */
  readonly producerName?: string | undefined;
  /** Subscription that the broker creates at the earliest message if it is missing. */
  readonly initialSubscriptionName?: string | undefined;
  readonly compression?: Compression | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link MessagingSession.consumer}. */
export interface ConsumerOptions {
  readonly topic: string;
  readonly subscription: string;
  readonly subscriptionType: 'Exclusive' | 'Shared' | 'Failover' | 'KeyShared';
  readonly initialPosition: 'Earliest' | 'Latest';
  readonly consumerName?: string | undefined;
  readonly subscriptionProperties?: Readonly<Record<string, string>> | undefined;
  /** Messages asked for ahead; 0: none is ever asked for. */
  readonly receiverQueueSize: number;
  /** false: a reader, which leaves no subscription behind. */
  readonly durable?: boolean | undefined;
  readonly startMessageId?: MessageIdParts | undefined;
  readonly startInclusive?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A message to publish. */
export interface OutgoingMessage {
  readonly value: Uint8Array | null;
  readonly key?: string | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  readonly eventTimeMs?: number | undefined;
  readonly sequenceId: number;
}

/** The broker's answer to one entry. `messageId` null (-1:-1): the broker holds the lowest sequence already and stored nothing. */
export interface Receipt {
  readonly messageId: MessageIdParts | null;
  readonly lowestSequenceId: number;
  readonly highestSequenceId: number;
}

/** A producer of a session. */
export interface MessagingProducer {
  readonly name: string;
  /** The broker's last sequence id for this name at registration, -1 when it knows none. Not proof of durability (rule 5). */
  readonly lastSequenceId: number;
  readonly maxMessageBytes: number;
  /** Publishes the messages as one entry; rejects with the broker's error, `Disconnected`, `ProducerClosed`, or `MessageTooBig` before sending. */
  sendEntry(messages: readonly OutgoingMessage[]): Promise<Receipt>;
  close(): Promise<void>;
}

/** A received message. */
export interface IncomingMessage {
  readonly messageId: MessageIdParts;
  readonly topic: string;
  readonly key?: string | undefined;
  readonly value: Buffer | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly publishTimeMs: number;
  readonly eventTimeMs?: number | undefined;
  readonly producerName: string;
  readonly sequenceId: number;
  /** Highest sequence id of the entry that carried it. */
  readonly entryHighestSequenceId: number;
  readonly redeliveryCount: number;
}

/** How much {@link MessagingConsumer.receiveBatch} takes and how long it waits. */
export interface ReceiveOptions {
  readonly maxMessages: number;
  readonly maxBytes?: number | undefined;
  /** How long to wait for more once one message is there. */
  readonly lingerMs: number;
  /** How long to wait for the first; then the answer is empty. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A consumer of a session. */
export interface MessagingConsumer {
  /** Messages in log order; empty when none came in time. Rejects when the consumer or session ended, or on abort, losing none. */
  receiveBatch(options: ReceiveOptions): Promise<IncomingMessage[]>;
  /** The topic's last message (-1:-1 when empty) and this subscription's mark-delete position. */
  lastMessageId(signal?: AbortSignal): Promise<{ last: MessageIdParts; markDelete?: MessageIdParts | undefined }>;
  /** Acknowledges everything up to `id`; in mid-batch only up to the entry before. `wait`: until the broker answered. */
  ackCumulative(id: MessageIdParts, options?: { wait?: boolean | undefined }): Promise<void>;
  /** Acknowledges these; an entry is acknowledged once all its messages are. */
  ackIndividual(ids: readonly MessageIdParts[], options?: { wait?: boolean | undefined }): Promise<void>;
  /** Asks for these entries again, now. */
  redeliver(ids: readonly MessageIdParts[]): void;
  close(): Promise<void>;
  unsubscribe(): Promise<void>;
}

/** Opens a session; rejects with `PIO_PULSAR_UNAVAILABLE` when no broker answers. */
export type OpenSession = (signal?: AbortSignal) => Promise<MessagingSession>;
