import type { OpenSession } from '../../../../src/core/messaging.ts';
import { PulsarError } from '../../../../src/pulsar/errors.ts';
import type { Process } from '../process.ts';
import { Connection } from './connection.ts';
import { SimulatedSession } from './session.ts';
import { Topic, type TopicContext } from './topic.ts';

/** Largest entry that the broker takes, in bytes. */
export const MAX_MESSAGE_BYTES = 64 * 1024;

/** A connection of a process that dies is cut without a word this often. */
const SILENT_CUT = 0.2;

/** A broker of a simulation: topics, and the connections to it. */
export class Broker {
  readonly topics = new Map<string, Topic>();
  readonly #partitions = new Map<string, number>();
  readonly #context: TopicContext;
  readonly #connections = new Set<Connection>();
  #ledgers = 0;
  #names = 0;
  #downUntilMs = 0;

  constructor(context: TopicContext) {
    this.#context = context;
  }

  /** A name for a producer that has none. */
  newName(): string {
    return `standalone-0-${this.#names++}`;
  }

  /** Makes a topic with that many partitions; 0: it is not partitioned. */
  createTopic(name: string, partitions: number): void {
    if (partitions > 0) this.#partitions.set(name, partitions);
    else this.topic(name);
    for (let partition = 0; partition < partitions; partition++) this.topic(`${name}-partition-${partition}`);
  }

  /** Gives a partitioned topic one partition more, with the subscriptions that the others have. */
  addPartition(name: string): void {
    const before = this.concrete(name);
    if (this.partitions(name) === 0) return;
    this.#partitions.set(name, before.length + 1);
    const added = this.topic(`${name}-partition-${before.length}`);
    for (const { name: subscription, properties, isDurable } of before[0]?.subscriptions.values() ?? [])
      if (isDurable) added.subscription(subscription, 'Earliest', properties);
  }

  /** Number of partitions, 0 for a topic that is not partitioned or not there. */
  partitions(name: string): number {
    return this.#partitions.get(name) ?? 0;
  }

  /** The concrete topics behind a name. */
  concrete(name: string): Topic[] {
    const partitions = this.partitions(name);
    if (partitions === 0) return [this.topic(name)];
    return Array.from({ length: partitions }, (_, partition) => this.topic(`${name}-partition-${partition}`));
  }

  /** A topic that is not partitioned, or one partition; it is made when it is not there. */
  topic(name: string): Topic {
    const found = this.topics.get(name);
    if (found) return found;
    const made = new Topic(name, this.#ledgers++, this.#context);
    this.topics.set(name, made);
    return made;
  }

  /** The client of a process. */
  clientOf(process: Process): OpenSession {
    const { timeline, dice } = this.#context;
    return (signal) =>
      process.request({
        port: 'session.open',
        signal,
        effect: () => {
          if (timeline.nowMs < this.#downUntilMs) throw new PulsarError('ConnectError', 'connection refused');
          const connection = new Connection(timeline, process, () => dice.chance(SILENT_CUT));
          this.#connections.add(connection);
          connection.onClosed(() => this.#connections.delete(connection));
          return new SimulatedSession(this, connection, signal);
        },
        failure: () => new PulsarError('ConnectError', 'no answer'),
      });
  }

  /** Every connection breaks. */
  disconnectAll(): void {
    for (const connection of [...this.#connections]) connection.closeByBroker();
  }

  /** SIGKILL, and a start after `downMs`. */
  restart(downMs: number): void {
    this.#downUntilMs = this.#context.timeline.nowMs + downMs;
    for (const topic of this.topics.values()) topic.restart(this.#ledgers++);
    this.disconnectAll();
  }

  /** Forgets producers that are away, on every topic. */
  forgetNames(): void {
    for (const topic of this.topics.values()) topic.forgetNames();
  }

  /** Somebody switches deduplication off and, after `ms`, on. */
  toggleDeduplication(ms: number): void {
    for (const topic of this.topics.values()) {
      topic.setDeduplication(false);
      this.#context.timeline.after(ms, () => topic.setDeduplication(true));
    }
  }

  /** Trims every topic. */
  trim(): void {
    for (const topic of this.topics.values()) topic.trim(this.#ledgers++);
  }

  /** Storage fails for what is on its way; a broker closes the producers that it fails for. */
  failStorage(): void {
    for (const topic of this.topics.values()) this.failStorageOf(topic);
  }

  /** {@link failStorage} of one topic. */
  failStorageOf(topic: Topic): void {
    if (!topic.failStorage()) return;
    const closed = new PulsarError('ProducerClosed', `the broker closed the producers of ${topic.name}`);
    for (const connection of [...topic.producers.values()]) connection.closeByBroker(closed);
  }
}
