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

  async #waits(topic: string, subscription: string): Promise<boolean> {
    if (!this.#pulsar) return true;
    const stats = this.#stats.get(topic) ?? this.#pulsar.topicStats(topic, this.#signal).catch(() => undefined);
    this.#stats.set(topic, stats);
    const found = (await stats)?.subscriptions[subscription];
    return !found || found.msgBacklog > 0;
  }
}
