import type { MessageIdParts } from '../../core/message-id.ts';
import type {
  ConsumerOptions,
  MessagingConsumer,
  MessagingProducer,
  MessagingSession,
  ProducerOptions,
  Receipt,
  ReceiveOptions,
} from '../../core/messaging.ts';
import type { SchemaDefinition } from '../../core/schema/definition.ts';
import { PulsarError } from '../errors.ts';
import { type Authentication, noAuthentication } from '../network/authentication.ts';
import { ConnectionPool, orAborted } from '../network/connection-pool.ts';
import { connectionForTopic, partitionCount } from '../network/lookup.ts';
import type { TlsSettings } from '../network/open-socket.ts';
import type { RequestOptions } from '../network/request-table.ts';
import { parseTopicName } from '../protocol/index.ts';
import type { OutgoingMessage } from './encode-entry.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { type SchemaInfo, schemaInfo } from './schema-info.ts';
import { SchemaLookup } from './schema-lookup.ts';
import { LiveConsumer } from './session-consumer.ts';
import { LiveProducer } from './session-producer.ts';

export type {
  Authentication,
  IncomingMessage,
  MessageIdParts,
  OutgoingMessage,
  Receipt,
  ReceiveOptions as ReceiveLimits,
  SchemaInfo,
  TlsSettings,
};

/** One TCP connection set owned by one run. Nothing in it reconnects or re-sends. */
export interface SessionOptions {
  /** `pulsar://host:6650[,host…]`, `pulsar+ssl://…`; with `http://…` or `https://…` the first connection is made by the first lookup. */
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
}

/** Options of {@link PulsarSession.producer}. */
export interface SessionProducerOptions extends ProducerOptions {
  /** Registered with the topic; a broker that finds it incompatible rejects with code IncompatibleSchema. Absent: bytes. */
  readonly schema?: SchemaInfo | undefined;
}

/** Options of {@link PulsarSession.consumer}. */
export interface SessionConsumerOptions extends ConsumerOptions {
  /** Checked against the topic's; a broker that finds it incompatible rejects with code IncompatibleSchema. Absent: bytes. */
  readonly schema?: SchemaInfo | undefined;
}

/** A producer of a session. What cannot be known to have gone well ends the session. */
export interface SessionProducer extends MessagingProducer {
  /** An upper estimate of the bytes one message adds to an entry before compression, so that a caller can fill an entry. */
  estimateBytes(message: OutgoingMessage): number;
  /** As in core; InvalidMessage also for a message that must be alone (`deliverAtMs`, `replicateTo`) and is not. */
  sendEntry(messages: readonly OutgoingMessage[]): Promise<Receipt>;
}

/** A consumer of a session. */
export interface SessionConsumer extends MessagingConsumer {
  /** As in core; one more call while another waits rejects with InvalidState. */
  receiveBatch(options: ReceiveOptions): Promise<IncomingMessage[]>;
  /** `redeliver` of everything that was delivered and not acknowledged. Throws NotAllowedError on Exclusive and Failover that are not durable. */
  redeliverAll(): void;
  /** Messages that were received and not yet taken. */
  readonly receiverQueued: number;
}

/** core's session, with schemas and the parts of messages that only clients use. What it rejects with are `PulsarError`s. */
export interface PulsarSession extends MessagingSession {
  /** Rejects with ProducerBusy, InvalidTopicName, IncompatibleSchema, another name of `ServerError`, TimeOut or Aborted. */
  producer(options: SessionProducerOptions): Promise<SessionProducer>;
  /** Rejects with ConsumerBusy, InvalidTopicName, IncompatibleSchema, another name of `ServerError`, TimeOut or Aborted. */
  consumer(options: SessionConsumerOptions): Promise<SessionConsumer>;
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
      if (!this.pool.isHttp) await this.pool.toService(signal);
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
    const { schemaDefinition } = options;
    const given = schemaDefinition ? { ...options, schema: schemaInfo(schemaDefinition) } : options;
    const producer = new LiveProducer(connection, topic, ++this.lastId, given, (error) => this.fail(error));
    await producer.register(request);
    return this.join(producer);
  }

  async schema(topic: string, version: Uint8Array): Promise<SchemaDefinition | undefined> {
    this.requireOpen();
    try {
      return (await this.schemas().version(parseTopicName(topic).fullName, Buffer.from(version))).definition;
    } catch (error) {
      if (error instanceof PulsarError && error.code === 'TopicNotFound') return undefined;
      throw error;
    }
  }

  async registerSchema(topic: string, schema: SchemaDefinition, signal?: AbortSignal): Promise<Uint8Array> {
    this.requireOpen();
    return this.schemas().register(parseTopicName(topic).fullName, schema, signal);
  }

  private schemas(): SchemaLookup {
    const { timeoutMs: operationTimeoutMs } = this.requestOptions();
    return new SchemaLookup({ pool: this.pool, operationTimeoutMs, listenerName: this.options.listenerName });
  }

  async consumer(options: SessionConsumerOptions): Promise<SessionConsumer> {
    this.requireOpen();
    const topic = parseTopicName(options.topic);
    const request = this.requestOptions(options.signal);
    const { listenerName, maxUncompressedBytes } = this.options;
    const connection = await connectionForTopic(this.pool, topic.fullName, { ...request, listenerName });
    const consumer = new LiveConsumer(connection, topic, () => ++this.lastId, options, {
      maxUncompressedBytes: maxUncompressedBytes ?? DEFAULT_MAX_UNCOMPRESSED_BYTES,
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
