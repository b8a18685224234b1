import { isIP } from 'node:net';
import type { API, Connection } from '@platformatic/kafka';
import { PulsarIoError } from '../../core/errors.ts';
import { orAborted } from '../abort.ts';
import { type KafkaSide, kafkaError, kafkaErrorId } from './errors.ts';
import type { KafkaAccess } from './security-keys.ts';

/** The client library: protocol and sockets of it are used, its producer and consumer are not (docs/decisions/0011). */
export type KafkaLibrary = typeof import('@platformatic/kafka');

/** What is known of a topic. */
export interface TopicFacts {
  /** Another topic of the same name has another one. */
  readonly topicId: string;
  /** Broker that leads each partition. */
  readonly leaders: readonly number[];
  /** Whether its server would let us write. */
  readonly isWritable: boolean;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

const RETRY_MS = 20;
/** The operation WRITE among those that a server says are allowed (Kafka's `AclOperation`): the bit of its code. */
const WRITE = 1 << 4;
/** Answers that mean "soon": a leader is being elected, or what a transaction did is still being written down. */
const SOON = [
  ...['LEADER_NOT_AVAILABLE', 'COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS', 'OFFSET_NOT_AVAILABLE'],
  ...['NOT_COORDINATOR', 'CONCURRENT_TRANSACTIONS'],
];

/**
 * Connections to the brokers of a cluster, each made when it is first needed. A request is sent once: nothing reconnects, and nothing is sent again but what the
 * server answered it did not do. Versions of the protocol are those that brokers since 3.0 speak.
 */
export class KafkaClient {
  readonly side: KafkaSide;
  readonly library: KafkaLibrary;
  readonly #access: KafkaAccess;
  readonly #connections = new Map<string, Promise<Connection>>();
  readonly #brokers = new Map<number, Address>();

  private constructor(library: KafkaLibrary, access: KafkaAccess, side: KafkaSide) {
    this.library = library;
    this.#access = access;
    this.side = side;
  }

  /** Connects to the first of the servers that answers. Throws `PIO_…_UNAVAILABLE` or `PIO_…_MISCONFIGURED`. */
  static async open(access: KafkaAccess, side: KafkaSide, signal: AbortSignal): Promise<KafkaClient> {
    const client = new KafkaClient(await import('@platformatic/kafka'), access, side);
    const doing = `asking Kafka at ${access.servers.map(({ host, port }) => `${host}:${port}`).join(',')} for its brokers`;
    try {
      await client.#learn([], doing, signal);
      return client;
    } catch (error) {
      client.close();
      throw kafkaError(error, doing, side);
    }
  }

  /** Facts of a topic; undefined when there is none of that name. */
  async topic(name: string, signal: AbortSignal): Promise<TopicFacts | undefined> {
    const doing = `looking up Kafka topic ${name}`;
    try {
      return await this.whileSoon(doing, signal, async () => {
        const { topics } = await this.#learn([name], doing, signal);
        const [topic] = topics;
        const leaders: number[] = [];
        for (const { partitionIndex, leaderId } of topic?.partitions ?? []) leaders[partitionIndex] = leaderId;
        const isWritable = ((topic?.topicAuthorizedOperations ?? 0) & WRITE) !== 0;
        return { topicId: topic?.topicId ?? '', leaders, isWritable };
      });
    } catch (error) {
      if (kafkaErrorId(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined;
      throw kafkaError(error, doing, this.side);
    }
  }

  /** Broker that coordinates a transactional id. */
  async coordinatorOf(transactionalId: string, signal: AbortSignal): Promise<number> {
    const { findCoordinatorV3, FindCoordinatorKeyTypes } = this.library;
    const doing = `finding the coordinator of ${transactionalId}`;
    const { coordinators } = await this.whileSoon(doing, signal, async () =>
      findCoordinatorV3.api.async(await this.#any(signal), FindCoordinatorKeyTypes.TRANSACTION, [transactionalId]),
    );
    const { nodeId = -1, host = '', port = 0 } = coordinators[0] ?? {};
    this.#brokers.set(nodeId, { host, port });
    return nodeId;
  }

  /** One request to one broker. What it throws is as the library has it, or `PIO_ABORTED`. */
  async ask<A extends unknown[], R>(
    broker: number,
    api: API<A, R>,
    args: A,
    doing: string,
    signal: AbortSignal,
  ): Promise<R> {
    const address = this.#brokers.get(broker);
    if (!address)
      throw new PulsarIoError(
        this.side === 'sink' ? 'PIO_SINK_UNAVAILABLE' : 'PIO_SOURCE_UNAVAILABLE',
        `${doing}: no broker ${broker}`,
      );
    const connection = await this.#connect(address, signal);
    return orAborted(api.async(connection, ...args), signal, doing);
  }

  /** A broker that takes requests which any can answer, or pass on to who can. */
  get anyBroker(): number {
    return [...this.#brokers.keys()][0] ?? -1;
  }

  /** What `attempt` gives, which is tried again while the server answers that it is not ready for it yet. */
  async whileSoon<T>(doing: string, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    const endMs = performance.now() + this.#access.requestTimeoutMs;
    for (;;) {
      try {
        return await orAborted(attempt(), signal, doing);
      } catch (error) {
        if (!SOON.includes(kafkaErrorId(error) ?? '') || performance.now() > endMs) throw error;
        await orAborted(new Promise((resolve) => setTimeout(resolve, RETRY_MS)), signal, doing);
      }
    }
  }

  /** Ends all connections at once. */
  close(): void {
    for (const connecting of this.#connections.values())
      connecting.then((connection) => connection.socket?.destroy()).catch(() => undefined);
    this.#connections.clear();
  }

  async #learn(topics: string[], doing: string, signal: AbortSignal) {
    const connection = await this.#any(signal);
    const answer = await orAborted(this.library.metadataV11.api.async(connection, topics, false, true), signal, doing);
    for (const { nodeId, host, port } of answer.brokers) this.#brokers.set(nodeId, { host, port });
    return answer;
  }

  async #any(signal: AbortSignal): Promise<Connection> {
    let last: unknown;
    for (const address of this.#access.servers) {
      try {
        return await this.#connect(address, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        last ??= error;
      }
    }
    throw last;
  }

  #connect({ host, port }: Address, signal: AbortSignal): Promise<Connection> {
    const name = `${host}:${port}`;
    const doing = `connecting to Kafka at ${name}`;
    const known = this.#connections.get(name);
    if (known) return orAborted(known, signal, doing);
    const { clientId, connectTimeoutMs: connectTimeout, requestTimeoutMs: requestTimeout, tls, sasl } = this.#access;
    const connection = new this.library.Connection(clientId, {
      ...{ connectTimeout, requestTimeout },
      ...(tls && { tls: { ...tls, ...(isIP(host) === 0 && { servername: host }) } }),
      ...(sasl && { sasl }),
    });
    connection.on('error', () => undefined); // whoever waits for it is told
    const connecting = Promise.resolve(connection.connect(host, port)).then(
      () => connection,
      (error: unknown) => {
        this.#connections.delete(name);
        throw kafkaError(error, doing, this.side);
      },
    );
    this.#connections.set(name, connecting);
    return orAborted(connecting, signal, doing);
  }
}
