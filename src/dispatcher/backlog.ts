import { assignedInstance } from '../core/assignment.ts';
import { type SinkConnector, subscriptionOf } from '../core/connector.ts';
import { PulsarIoError } from '../core/errors.ts';
import { mayScale } from '../core/parallelism.ts';
import type { PulsarAdmin, TopicStats } from '../core/pulsar-admin.ts';
import { partitionTopicName } from '../core/topic-name.ts';

/** Looks in a row without an answer, after which Pulsar is not asked again: each may wait for seconds, and a tick has one minute. */
const MOST_UNANSWERED = 64;

/** Tells whether anything waits for a sink. One look per topic and tick, however many sinks read it. */
export class Backlog {
  readonly #pulsar: PulsarAdmin | undefined;
  readonly #signal: AbortSignal;
  readonly #stats = new Map<string, Promise<TopicStats | undefined>>();
  #unanswered = 0;

  /** Without an admin address nothing is known, and every sink is taken to have backlog. */
  constructor(pulsar: PulsarAdmin | undefined, signal: AbortSignal) {
    this.#pulsar = pulsar;
    this.#signal = signal;
  }

  /**
   * True when a message waits for the instance, when a subscription of its does not exist yet, or when it cannot be told. Where each topic-partition belongs to one instance,
   * what waits for the others is nothing to it.
   */
  async has({ config }: SinkConnector, instance: number): Promise<boolean> {
    const subscription = subscriptionOf(config);
    const isIts = (topic: string) => mayScale(config) || assignedInstance(topic, config.parallelism) === instance;
    const waiting = await Promise.all(
      Object.keys(config.inputSpecs).map(async (topic) => {
        const stats = await this.#statsOf(topic);
        if (!stats) return true;
        if (!stats.partitions) return isIts(topic) && waits(stats, subscription);
        return [...stats.partitions].some(
          ([n, one]) => isIts(partitionTopicName(topic, n)) && waits(one, subscription),
        );
      }),
    );
    return waiting.includes(true);
  }

  /** What waits on all inputs, as Pulsar counts it; undefined when it cannot be told. A subscription that does not exist yet has nothing. */
  async count({ config }: SinkConnector): Promise<number | undefined> {
    const subscription = subscriptionOf(config);
    const stats = await Promise.all(Object.keys(config.inputSpecs).map((topic) => this.#statsOf(topic)));
    if (stats.includes(undefined)) return undefined;
    return stats.reduce((sum, one) => sum + (one?.subscriptions[subscription]?.msgBacklog ?? 0), 0);
  }

  #statsOf(topic: string): Promise<TopicStats | undefined> {
    const stats = this.#stats.get(topic) ?? this.#ask(topic);
    this.#stats.set(topic, stats);
    return stats;
  }

  async #ask(topic: string): Promise<TopicStats | undefined> {
    if (!this.#pulsar || this.#unanswered >= MOST_UNANSWERED) return undefined;
    try {
      const stats = await this.#pulsar.topicStats(topic, this.#signal);
      this.#unanswered = 0;
      return stats;
    } catch (error) {
      if (error instanceof PulsarIoError && error.code === 'PIO_PULSAR_UNAVAILABLE') this.#unanswered += 1;
      return undefined;
    }
  }
}

const waits = ({ subscriptions }: TopicStats, subscription: string): boolean => {
  const found = subscriptions[subscription];
  return !found || found.msgBacklog > 0;
};
