import { type SinkConnector, subscriptionOf } from '../core/connector.ts';
import type { PulsarAdmin, TopicStats } from '../core/pulsar-admin.ts';

/** Tells whether anything waits for a sink. One look per topic and tick, however many sinks read it. */
export class Backlog {
  readonly #pulsar: PulsarAdmin | undefined;
  readonly #signal: AbortSignal;
  readonly #stats = new Map<string, Promise<TopicStats | undefined>>();

  /** Without an admin address nothing is known, and every sink is taken to have backlog. */
  constructor(pulsar: PulsarAdmin | undefined, signal: AbortSignal) {
    this.#pulsar = pulsar;
    this.#signal = signal;
  }

  /** True when a message waits on any input, when a subscription does not exist yet, or when it cannot be told. */
  async has({ config }: SinkConnector): Promise<boolean> {
    const subscription = subscriptionOf(config);
    const waiting = await Promise.all(Object.keys(config.inputSpecs).map((topic) => this.#waits(topic, subscription)));
    return waiting.includes(true);
  }

  /** What waits on all inputs, as Pulsar counts it; undefined when it cannot be told. A subscription that does not exist yet has nothing. */
  async count({ config }: SinkConnector): Promise<number | undefined> {
    const subscription = subscriptionOf(config);
    const stats = await Promise.all(Object.keys(config.inputSpecs).map((topic) => this.#statsOf(topic)));
    if (stats.includes(undefined)) return undefined;
    return stats.reduce((sum, one) => sum + (one?.subscriptions[subscription]?.msgBacklog ?? 0), 0);
  }

  async #waits(topic: string, subscription: string): Promise<boolean> {
    const found = (await this.#statsOf(topic))?.subscriptions[subscription];
    return !found || found.msgBacklog > 0;
  }

  #statsOf(topic: string): Promise<TopicStats | undefined> {
    if (!this.#pulsar) return Promise.resolve(undefined);
    const stats = this.#stats.get(topic) ?? this.#pulsar.topicStats(topic, this.#signal).catch(() => undefined);
    this.#stats.set(topic, stats);
    return stats;
  }
}
