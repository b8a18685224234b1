import { PulsarError } from '../errors.ts';
import { type Authentication, noAuthentication } from '../network/authentication.ts';
import { ConnectionPool, orAborted } from '../network/connection-pool.ts';
import { connectionForTopic, partitionCount } from '../network/lookup.ts';
import type { TlsSettings } from '../network/open-socket.ts';
import type { RequestOptions } from '../network/request-table.ts';
import { type CompressionName, parseTopicName, type SubscriptionTypeName } from '../protocol/index.ts';
import type { CorruptEntry } from './decode-entry.ts';
import type { OutgoingMessage } from './encode-entry.ts';
import type { IncomingMessage, MessageIdParts } from './incoming-message.ts';
import type { SchemaInfo } from './schema-info.ts';
import { LiveConsumer } from './session-consumer.ts';
import { LiveProducer } from './session-producer.ts';

export type { Authentication, CorruptEntry, IncomingMessage, MessageIdParts, OutgoingMessage, SchemaInfo, TlsSettings };

/** One TCP connection set owned by one run. Nothing in it reconnects or re-sends. */
export interface SessionOptions {
  /** `pulsar://host:6650[,host…]` or `pulsar+ssl://…`. */
  readonly serviceUrl: string;
  readonly authentication?: Authentication | undefined;
  /** Limit of each request (lookup, register, acknowledge with wait, close). Default 30 s. A send has no limit. */
  readonly operationTimeoutMs?: number | undefined;
  /** Limit of making one connection. Default 10 s. */
  readonly connectionTimeoutMs?: number | undefined;
  /** Interval of pings; a connection that has not answered one by the next ends the session. Default 30 s. */
  readonly keepAliveMs?: number | undefined;
  /** Destroys the session when it fires. */
  readonly signal?: AbortSignal | undefined;
  readonly tls?: TlsSettings | undefined;
  /** Advertised listener to ask brokers for. */
  readonly listenerName?: string | undefined;
  /** Entries that claim to be larger when uncompressed are corrupt. Default 128 MiB. */
  readonly maxUncompressedBytes?: number | undefined;
  /**
   * Hears of each entry that cannot be read, after it was acknowledged with a validation error. Without it such an entry is
   * not acknowledged and ends the session.
   */
  readonly onCorrupt?: ((entry: CorruptEntry) => void) | undefined;
}

export interface SessionProducerOptions {
  /** A topic that is not partitioned, or one partition. */
  readonly topic: string;
  /** Absent: the broker makes one. */
  readonly producerName?: string | undefined;
  /** Durable subscription to create at the earliest message, if it is missing. */
  readonly initialSubscriptionName?: string | undefined;
  readonly schema?: SchemaInfo | undefined;
  readonly compression?: CompressionName | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SessionConsumerOptions {
  /** A topic that is not partitioned, or one partition. */
  readonly topic: string;
  readonly subscription: string;
  readonly subscriptionType: SubscriptionTypeName;
  /** Where a subscription that does not exist yet begins. */
  readonly initialPosition: 'Earliest' | 'Latest';
  readonly consumerName?: string | undefined;
  /** Stored with a subscription when it is created. */
  readonly subscriptionProperties?: Readonly<Record<string, string>> | undefined;
  readonly schema?: SchemaInfo | undefined;
  /** Messages the broker may send ahead; 0 = no FLOW is ever sent, so no message ever comes. */
  readonly receiverQueueSize: number;
  /** Default true. false: a cursor that lives as long as this consumer and begins at `startMessageId`. */
  readonly durable?: boolean | undefined;
  readonly startMessageId?: MessageIdParts | undefined;
  /** Whether `startMessageId` itself is delivered. Default false. */
  readonly startInclusive?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Result of one entry. */
export interface Receipt {
  /** Place of the entry (`batchIndex` -1); null when the broker says -1:-1: the lowest id was not above the last stored one. */
  readonly messageId: MessageIdParts | null;
  readonly lowestSequenceId: number;
  readonly highestSequenceId: number;
}

export interface SessionProducer {
  readonly name: string;
  /** Highest sequence id that the broker's deduplication knew for `name` at registration; -1 = none. */
  readonly lastSequenceId: number;
  /** Limit of an entry, after compression (CONNECTED.max_message_size). */
  readonly maxMessageBytes: number;
  /** An upper estimate of the bytes one message adds to an entry before compression, so that a caller can fill an entry. */
  estimateBytes(message: OutgoingMessage): number;
  /**
   * Sends the messages as ONE entry: a batch if there is more than one, with the highest sequence id in command and metadata.
   * Several entries may be in flight; there is no timeout. Rejects with `PulsarError`: InvalidMessage or MessageTooBig (nothing
   * was sent), the broker's `ServerError` name, 'ProducerClosed', 'Disconnected' (outcome unknown), 'AlreadyClosed'. A broker's
   * refusal while other entries of this producer were in flight may have left a gap and ends the session.
   */
  sendEntry(messages: readonly OutgoingMessage[]): Promise<Receipt>;
  /** Waits for receipts on the way, then closes. */
  close(): Promise<void>;
}

/** Limits of one `receiveBatch`. */
export interface ReceiveLimits {
  readonly maxMessages: number;
  /** Of the values; at least one message is given whatever its size. */
  readonly maxBytes?: number | undefined;
  /** How long to wait for more after the first message. */
  readonly lingerMs: number;
  /** How long to wait for the first message. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface SessionConsumer {
  /**
   * Up to `maxMessages`; waits until one is there, then at most `lingerMs` for more; [] when `waitMs` passed with none. Rejects
   * when the session or the consumer ended, or `signal` fired ('Aborted': no message is lost, they stay queued). One call at a
   * time. Returns permits as messages are taken, refilled at half of the queue.
   */
  receiveBatch(limits: ReceiveLimits): Promise<IncomingMessage[]>;
  /** Last message of the topic (-1:-1 when empty) and how far the subscription is acknowledged without gaps. */
  lastMessageId(signal?: AbortSignal): Promise<{ last: MessageIdParts; markDelete?: MessageIdParts }>;
  /**
   * Acknowledges everything up to `id`. An id in the middle of a batch acknowledges up to the previous entry only; the last of
   * its batch, or one with `batchIndex` -1, the whole entry. `wait`: until the broker confirms (not yet durable, GUARANTEES 24).
   */
  ackCumulative(id: MessageIdParts, options?: { wait?: boolean }): Promise<void>;
  /** An entry is acknowledged on the wire once all messages of its batch were acknowledged by this consumer. */
  ackIndividual(ids: readonly MessageIdParts[], options?: { wait?: boolean }): Promise<void>;
  /**
   * Asks for redelivery now, by whole entries. On Exclusive and Failover only everything that is not acknowledged can come again:
   * the consumer subscribes anew, and a `receiveBatch` that waits goes on waiting. Not for consumers that are not durable.
   */
  redeliver(ids: readonly MessageIdParts[]): void;
  redeliverAll(): void;
  readonly receiverQueued: number;
  close(): Promise<void>;
  /** Deletes the subscription. */
  unsubscribe(): Promise<void>;
}

export interface PulsarSession {
  /** Number of partitions; 0 = not partitioned. */
  partitions(topic: string, signal?: AbortSignal): Promise<number>;
  /** Rejects with code ProducerBusy when the name is taken. */
  producer(options: SessionProducerOptions): Promise<SessionProducer>;
  /** Rejects with code ConsumerBusy when the subscription is held in a way that excludes this consumer. */
  consumer(options: SessionConsumerOptions): Promise<SessionConsumer>;
  /** Resolves when the session ended; with an error when that was not asked for. */
  readonly closed: Promise<Error | undefined>;
  /** Closes producers and consumers, then the sockets. */
  close(): Promise<void>;
  /** Sockets destroyed at once, nothing flushed, all waits reject. */
  destroy(): void;
}

const DEFAULT_OPERATION_TIMEOUT_MS = 30_000;
const DEFAULT_CONNECTION_TIMEOUT_MS = 10_000;
const DEFAULT_KEEP_ALIVE_MS = 30_000;
const DEFAULT_MAX_UNCOMPRESSED_BYTES = 128 * 1024 * 1024;

class LiveSession implements PulsarSession {
  readonly closed: Promise<Error | undefined>;
  private readonly options: SessionOptions;
  private readonly pool: ConnectionPool;
  private readonly ended = Promise.withResolvers<Error | undefined>();
  private readonly members = new Set<{ close(): Promise<void> }>();
  private endReason: PulsarError | undefined;
  private isClosing = false;
  private lastId = 0;

  constructor(options: SessionOptions) {
    this.options = options;
    this.closed = this.ended.promise;
    this.pool = new ConnectionPool({
      serviceUrl: options.serviceUrl,
      authentication: options.authentication ?? noAuthentication,
      tls: options.tls ?? {},
      connectionTimeoutMs: options.connectionTimeoutMs ?? DEFAULT_CONNECTION_TIMEOUT_MS,
      keepAliveMs: options.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS,
      onClosed: (reason) => this.fail(reason),
    });
  }

  async open(): Promise<this> {
    const { signal } = this.options;
    const onAbort = () => this.destroy();
    signal?.addEventListener('abort', onAbort, { once: true });
    this.closed.then(() => signal?.removeEventListener('abort', onAbort));
    try {
      await this.pool.toService(signal);
    } catch (error) {
      this.destroy();
      throw error;
    }
    return this;
  }

  private requestOptions(signal?: AbortSignal): RequestOptions {
    return { timeoutMs: this.options.operationTimeoutMs ?? DEFAULT_OPERATION_TIMEOUT_MS, signal };
  }

  private requireOpen(): void {
    if (this.endReason !== undefined) throw this.endReason;
    if (this.isClosing) throw new PulsarError('AlreadyClosed', 'the session is being closed');
  }

  /** Ends the session because of `error`, unless it has ended. */
  private fail(error: PulsarError): void {
    this.end(error, error);
  }

  private end(reason: PulsarError, outcome: Error | undefined): void {
    if (this.endReason !== undefined) return;
    this.endReason = reason;
    this.pool.destroy(reason);
    this.ended.resolve(outcome);
  }

  async partitions(topic: string, signal?: AbortSignal): Promise<number> {
    this.requireOpen();
    return partitionCount(this.pool, parseTopicName(topic).fullName, this.requestOptions(signal));
  }

  async producer(options: SessionProducerOptions): Promise<SessionProducer> {
    this.requireOpen();
    const topic = parseTopicName(options.topic);
    const request = this.requestOptions(options.signal);
    const { listenerName } = this.options;
    const connection = await connectionForTopic(this.pool, topic.fullName, { ...request, listenerName });
    const producer = new LiveProducer(connection, topic, ++this.lastId, options, (error) => this.fail(error));
    await producer.register(request);
    return this.join(producer);
  }

  async consumer(options: SessionConsumerOptions): Promise<SessionConsumer> {
    this.requireOpen();
    const topic = parseTopicName(options.topic);
    const request = this.requestOptions(options.signal);
    const { listenerName, onCorrupt, maxUncompressedBytes } = this.options;
    const connection = await connectionForTopic(this.pool, topic.fullName, { ...request, listenerName });
    const consumer = new LiveConsumer(connection, topic, () => ++this.lastId, options, {
      maxUncompressedBytes: maxUncompressedBytes ?? DEFAULT_MAX_UNCOMPRESSED_BYTES,
      onCorrupt,
      fail: (error) => this.fail(error),
    });
    await consumer.register(request);
    return this.join(consumer);
  }

  private join<T extends { close(): Promise<void>; onceClosed: () => void }>(member: T): T {
    this.requireOpen();
    this.members.add(member);
    member.onceClosed = () => this.members.delete(member);
    return member;
  }

  async close(): Promise<void> {
    if (this.endReason !== undefined || this.isClosing) {
      await this.closed;
      return;
    }
    this.isClosing = true;
    const { timeoutMs } = this.requestOptions();
    try {
      const work = Promise.all([...this.members].map((member) => member.close()));
      await orAborted(work, 'closing the session', AbortSignal.timeout(timeoutMs));
    } finally {
      const reason = new PulsarError('AlreadyClosed', 'the session was closed');
      const wasOpen = this.endReason === undefined;
      this.endReason ??= reason;
      await this.pool.end(timeoutMs);
      if (wasOpen) this.ended.resolve(undefined);
    }
  }

  destroy(): void {
    this.end(new PulsarError('AlreadyClosed', 'the session was destroyed'), undefined);
  }
}

/** Connects. Rejects with ConnectError, InvalidUrl, or what the broker answered to the credentials. */
export async function openSession(options: SessionOptions): Promise<PulsarSession> {
  return new LiveSession(options).open();
}
