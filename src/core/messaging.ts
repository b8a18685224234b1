import type { MessageIdParts } from './message-id.ts';
import type { SchemaDefinition } from './schema/definition.ts';

/**
 * What a run needs of a Pulsar client: a *session*. Nothing in it reconnects, re-sends or times a send out; a disconnect ends it
 * and is seen (GUARANTEES rules 1-4, 12, 34). Implemented by `src/pulsar`, whose errors carry a `code`: the broker's `ServerError`
 * name, or a condition of the client such as `Disconnected` or `Aborted`.
 */
export interface MessagingSession {
  /** Number of partitions of a topic, 0 when it is not partitioned. */
  partitions(topic: string, signal?: AbortSignal): Promise<number>;
  /** Opens a producer; a name that is held by a living connection rejects with code `ProducerBusy`. */
  producer(options: ProducerOptions): Promise<MessagingProducer>;
  /** Subscribes; a subscription that another type or an exclusive consumer holds rejects with code `ConsumerBusy`. */
  consumer(options: ConsumerOptions): Promise<MessagingConsumer>;
  /**
   * The schema that has this version in the topic; undefined when there is none. A version never changes: an answer may be kept. Absent: the client
   * tells no schemas.
   */
  schema?(topic: string, version: Uint8Array): Promise<SchemaDefinition | undefined>;
  /**
   * Registers a schema with a topic that has a producer, unless it is there, and answers its version. A broker that finds it incompatible rejects with code
   * `IncompatibleSchema`. Absent: the client registers none but those of producers.
   */
  registerSchema?(topic: string, schema: SchemaDefinition, signal?: AbortSignal): Promise<Uint8Array>;
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
  /** A topic that is not partitioned, or one partition. */
  readonly topic: string;
  /** Absent: the broker makes one up. */
  readonly producerName?: string | undefined;
  /** Durable subscription that the broker creates at the earliest message if it is missing. */
  readonly initialSubscriptionName?: string | undefined;
  /** Default NONE. */
  readonly compression?: Compression | undefined;
  /** Registered with the topic; a broker that finds it incompatible rejects with code `IncompatibleSchema`. Absent: none. */
  readonly schemaDefinition?: SchemaDefinition | undefined;
  /** Shown in the topic's stats. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** Ends the opening, not the producer. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link MessagingSession.consumer}. */
export interface ConsumerOptions {
  /** A topic that is not partitioned, or one partition. */
  readonly topic: string;
  readonly subscription: string;
  readonly subscriptionType: 'Exclusive' | 'Shared' | 'Failover' | 'KeyShared';
  /** Where a subscription that does not exist yet begins. */
  readonly initialPosition: 'Earliest' | 'Latest';
  readonly consumerName?: string | undefined;
  /** Stored with a subscription when it is created. */
  readonly subscriptionProperties?: Readonly<Record<string, string>> | undefined;
  /** Messages that the broker may send ahead; 0: none is ever asked for, so none ever comes. */
  readonly receiverQueueSize: number;
  /** Default true. false: a reader, whose cursor begins at `startMessageId` and ends with the consumer; it leaves no subscription behind. */
  readonly durable?: boolean | undefined;
  readonly startMessageId?: MessageIdParts | undefined;
  /** Whether `startMessageId` itself is delivered. Default false. */
  readonly startInclusive?: boolean | undefined;
  /** Ends the subscribing, not the consumer. */
  readonly signal?: AbortSignal | undefined;
}

/** A message to publish; its buffers must not be changed before the receipt. */
export interface OutgoingMessage {
  /** null sends a null value (a tombstone). */
  readonly value: Uint8Array | null;
  readonly key?: string | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  readonly eventTimeMs?: number | undefined;
  /** 0 ≤ id ≤ 2^53 - 1, higher than that of the message before. */
  readonly sequenceId: number;
  /** Version of the schema that it is written with, the same for all of an entry. Absent: the producer's. */
  readonly schemaVersion?: Uint8Array | undefined;
}

/** The broker's answer to one entry. */
export interface Receipt {
  /** Place of the entry (`batchIndex` -1); null when the broker says -1:-1: it holds the lowest sequence id already and stored nothing. */
  readonly messageId: MessageIdParts | null;
  readonly lowestSequenceId: number;
  readonly highestSequenceId: number;
}

/** A producer of a session. */
export interface MessagingProducer {
  readonly name: string;
  /** The broker's last sequence id for this name at registration, -1 when it knows none. Not proof of durability (rule 5). */
  readonly lastSequenceId: number;
  /** Limit of an entry, after compression (CONNECTED.max_message_size). */
  readonly maxMessageBytes: number;
  /**
   * Publishes the messages as one entry: a batch if there is more than one, with the highest sequence id in command and metadata.
   * Several entries may be in flight; there is no timeout. Rejects with code `InvalidMessage` or `MessageTooBig` (nothing was sent), the
   * broker's `ServerError` name, `ProducerClosed`, `Disconnected` (outcome unknown), `AlreadyClosed`. A broker's refusal while other
   * entries of this producer were in flight may have left a gap and ends the session.
   */
  sendEntry(messages: readonly OutgoingMessage[]): Promise<Receipt>;
  /** Waits for receipts on the way, then closes. */
  close(): Promise<void>;
}

/** A message as the broker delivered it. Its buffers are views of the received bytes. */
export interface IncomingMessage {
  readonly messageId: MessageIdParts;
  /** Full topic name, of the partition on partitioned topics. */
  readonly topic: string;
  readonly key?: string | undefined;
  /** True: the key is base64 text of binary bytes. */
  readonly isKeyBase64?: boolean | undefined;
  /** Version of the topic's schema that the producer wrote with. */
  readonly schemaVersion?: Uint8Array | undefined;
  /** null when the producer sent a null value (a tombstone). */
  readonly value: Buffer | null;
  readonly properties: Readonly<Record<string, string>>;
  /** The producer's clock, epoch milliseconds. */
  readonly publishTimeMs: number;
  /** What the producer said, epoch milliseconds; absent when it said nothing. */
  readonly eventTimeMs?: number | undefined;
  readonly producerName: string;
  readonly sequenceId: number;
  /** Highest sequence id of the entry that carried it. */
  readonly entryHighestSequenceId: number;
  readonly redeliveryCount: number;
  /**
   * Why the message cannot be read: corrupt bytes, an encryption without its key, chunks of which some are missing. `value` then holds the bytes as
   * they came, and what could not be read is empty or 0. It is acknowledged like any other; `batchIndex` is -1, also for a whole batch.
   */
  readonly unreadable?: string | undefined;
}

/** How much {@link MessagingConsumer.receiveBatch} takes and how long it waits. */
export interface ReceiveOptions {
  readonly maxMessages: number;
  /** Of the values; at least one message is given, whatever its size. Default: no limit. */
  readonly maxBytes?: number | undefined;
  /** How long to wait for more once one message is there. */
  readonly lingerMs: number;
  /** How long to wait for the first; then the answer is empty. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A consumer of a session. */
export interface MessagingConsumer {
  /**
   * Messages in log order; empty when none came in time. One call at a time. Rejects when the consumer or the session ended, or `signal` fired
   * (`Aborted`: no message is lost, they stay queued). Permits go back as messages are taken, refilled at half of the queue.
   */
  receiveBatch(options: ReceiveOptions): Promise<IncomingMessage[]>;
  /** The topic's last message (-1:-1 when empty) and this subscription's mark-delete position: acknowledged up to there without gaps. */
  lastMessageId(signal?: AbortSignal): Promise<{ last: MessageIdParts; markDelete?: MessageIdParts | undefined }>;
  /**
   * Acknowledges everything up to `id`. An id in the middle of a batch acknowledges up to the entry before; the last of its batch, or one with
   * `batchIndex` -1, the whole entry. `wait`: until the broker answered (which is not yet durable, GUARANTEES 24).
   */
  ackCumulative(id: MessageIdParts, options?: { wait?: boolean | undefined }): Promise<void>;
  /** Acknowledges these; an entry is acknowledged on the wire once all its messages were, by this consumer. */
  ackIndividual(ids: readonly MessageIdParts[], options?: { wait?: boolean | undefined }): Promise<void>;
  /**
   * Asks for redelivery now, by whole entries. On Exclusive and Failover only everything that is not acknowledged can come again: the consumer
   * subscribes anew, and a `receiveBatch` that waits goes on waiting. Not for consumers that are not durable.
   */
  redeliver(ids: readonly MessageIdParts[]): void;
  /** Ends the consumer; the subscription stays if it is durable. */
  close(): Promise<void>;
  /** Deletes the subscription, which ends the consumer. */
  unsubscribe(): Promise<void>;
}

/** Opens a session; rejects with code `ConnectError` when no broker answers, or with what the broker said to the credentials. */
export type OpenSession = (signal?: AbortSignal) => Promise<MessagingSession>;
