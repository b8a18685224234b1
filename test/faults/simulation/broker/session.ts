import type {
  ConsumerOptions,
  MessagingConsumer,
  MessagingProducer,
  MessagingSession,
  ProducerOptions,
} from '../../../../src/core/messaging.ts';
import { PulsarError } from '../../../../src/pulsar/errors.ts';
import type { Fault } from '../fault.ts';
import type { Process } from '../process.ts';
import type { Broker } from './broker.ts';
import type { Connection } from './connection.ts';
import { openConsumer } from './consumer.ts';
import { openProducer } from './producer.ts';

/** A session of a simulated client: like the real one it never reconnects, re-sends or waits for a send with a limit. */
export class SimulatedSession implements MessagingSession {
  readonly broker: Broker;
  readonly connection: Connection;
  readonly closed: Promise<Error | undefined>;
  readonly #waiting = new Set<(error: Error) => void>();
  readonly #closers = new Set<() => Promise<void>>();
  readonly #resolveClosed: (error: Error | undefined) => void;
  #ended: PulsarError | undefined;

  constructor(broker: Broker, connection: Connection, signal: AbortSignal | undefined) {
    this.broker = broker;
    this.connection = connection;
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    connection.onLost((error) => this.#end(error, error));
    if (signal?.aborted) this.destroy();
    else signal?.addEventListener('abort', () => this.destroy(), { once: true });
  }

  get process(): Process {
    return this.connection.process;
  }

  /** Throws when the session has ended. */
  requireOpen(): void {
    if (this.#ended) throw this.#ended;
  }

  /** Calls `act` with the reason when the session ends, unless the returned function was called before. */
  whenEnded(act: (error: Error) => void): () => void {
    this.#waiting.add(act);
    return () => this.#waiting.delete(act);
  }

  /** Asks the broker over this connection. A fault that loses request or answer is a connection that breaks. */
  async request<T>(
    port: string,
    effect: (fault: Fault | undefined) => T | Promise<T>,
    signal?: AbortSignal | undefined,
  ): Promise<T> {
    this.requireOpen();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const forget = this.whenEnded(reject);
    this.process
      .request<T>({
        port,
        lane: this.connection.lane,
        signal,
        effect: (fault) => {
          this.connection.requireOpen();
          return effect(fault);
        },
        failure: () => this.fail(),
      })
      .then(resolve, reject);
    return promise.finally(forget);
  }

  /** Breaks the connection; what a caller sees of it. */
  fail(): PulsarError {
    this.connection.closeByBroker();
    return new PulsarError('Disconnected', 'the connection was closed');
  }

  async partitions(topic: string, signal?: AbortSignal): Promise<number> {
    return this.request('session.partitions', () => this.broker.partitions(topic), signal);
  }

  async producer(options: ProducerOptions): Promise<MessagingProducer> {
    const producer = await openProducer(this, options);
    this.#closers.add(() => producer.close());
    return producer;
  }

  async consumer(options: ConsumerOptions): Promise<MessagingConsumer> {
    const consumer = await openConsumer(this, options);
    this.#closers.add(() => consumer.close());
    return consumer;
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    await Promise.all([...this.#closers].map((close) => close()));
    this.destroy();
  }

  destroy(): void {
    if (this.#ended) return;
    this.connection.closeByClient();
    this.#end(new PulsarError('AlreadyClosed', 'the session was destroyed'), undefined);
  }

  #end(reason: PulsarError, outcome: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = reason;
    for (const act of [...this.#waiting]) act(reason);
    this.#resolveClosed(outcome);
  }
}
