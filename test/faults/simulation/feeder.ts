import type { OutgoingMessage } from '../../../src/core/messaging.ts';
import type { Topic } from './broker/topic.ts';
import type { Cloud } from './cloud.ts';

/** One record is given in so many milliseconds. */
export const RECORD_EVERY_MS = 40;
/** Producers' clocks differ by up to so much. */
const PRODUCER_SKEW_MS = 1_000;

/** How producers outside publish. */
export interface FeederOptions {
  /** Topic-partitions that they publish to. */
  topics(): readonly Topic[];
  /** Their clocks differ and run backwards; false where versions have no chain: by one clock. */
  readonly hasManyClocks: boolean;
  /** Entries hold one message: Key_Shared asks producers to batch by key. */
  readonly isUnbatched: boolean;
}

/** Whoever publishes what a sink reads, in entries of several messages. */
export class Feeder {
  readonly #cloud: Cloud;
  readonly #options: FeederOptions;
  readonly #batches = new Map<string, OutgoingMessage[]>();
  #lastPublishTimeMs = 0;

  constructor(cloud: Cloud, options: FeederOptions) {
    this.#cloud = cloud;
    this.#options = options;
  }

  /** True when something is published that no topic has yet. */
  get isBusy(): boolean {
    return this.#batches.size > 0;
  }

  /** Publishes to the topic-partition of its key, which ends in a number: several that feed one key have no order among them. Its name is the answer. */
  publish(message: OutgoingMessage): string {
    const topics = this.#options.topics();
    const { key } = message;
    const number =
      key === undefined ? this.#cloud.dice.integer(topics.length) : Number(/\d+$/.exec(key)?.[0]) % topics.length;
    const topic = topics[number] as Topic;
    const batch = this.#batches.get(topic.name);
    if (batch) batch.push(message);
    else this.#openBatch(topic, message);
    return topic.name;
  }

  /** An entry with what comes within a moment. */
  #openBatch(topic: Topic, first: OutgoingMessage): void {
    const { dice, timeline } = this.#cloud;
    const messages = [first];
    this.#batches.set(topic.name, messages);
    const lingerMs = this.#options.isUnbatched ? 0 : dice.integer(6) * RECORD_EVERY_MS;
    timeline.after(lingerMs, () => {
      const publishTimeMs = this.#publishTimeMs();
      topic.give({ producerName: 'feeder', publishTimeMs, messages: [...messages] });
      if (this.#batches.get(topic.name) === messages) this.#batches.delete(topic.name);
    });
  }

  #publishTimeMs(): number {
    const nowMs = 1_800_000_000_000 + this.#cloud.timeline.nowMs;
    if (this.#options.hasManyClocks) return nowMs + this.#cloud.dice.integer(2 * PRODUCER_SKEW_MS) - PRODUCER_SKEW_MS;
    this.#lastPublishTimeMs = Math.max(this.#lastPublishTimeMs + 1, nowMs);
    return this.#lastPublishTimeMs;
  }
}
