import type { MessagingProducer, MessagingSession, OutgoingMessage } from '../core/messaging.ts';
import { deadLetterSubscription } from '../core/names.ts';
import { requireDeduplication } from './deduplication.ts';
import { routeFailure } from './pulsar-failure.ts';

const COMPRESSION = 'LZ4';

/** Where records go that cannot be settled otherwise. */
export interface DeadLetterOptions {
  readonly session: MessagingSession;
  readonly topic: string;
  /** Connector whose letters these are: they are kept on a subscription of its own. */
  readonly uid: string;
  /** Given under EFFECTIVELY_ONCE: one name per input partition, deduplicated by sequence (rule 38). */
  readonly producerName?: string;
  /** Asked once the name is registered, before anything is published under it (docs/decisions/0006): throws when a newer run fenced this one. */
  readonly requireHeld?: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** A dead-letter topic of one input partition; its producer is opened with the first dead letter. */
export class DeadLetters {
  readonly #options: DeadLetterOptions;
  #producer: Promise<MessagingProducer> | undefined;
  #verified = false;
  #sequence = -1;

  constructor(options: DeadLetterOptions) {
    this.#options = options;
  }

  /** True when the broker drops a letter that does not follow the last one in the log. */
  get isDeduplicated(): boolean {
    return this.#options.producerName !== undefined;
  }

  /** The dead-letter topic. */
  get topic(): string {
    return this.#options.topic;
  }

  /** The connector's uid, which its letters carry. */
  get uid(): string {
    return this.#options.uid;
  }

  /**
   * Publishes one dead letter and resolves with its receipt's arrival. The broker's "I hold it already" is success: letters of one input partition are
   * sent in order, one at a time. Throws what publishing throws; the batch is then not settled.
   */
  async publish(message: OutgoingMessage): Promise<void> {
    const { session, topic, producerName, signal } = this.#options;
    try {
      const producer = await this.#open();
      if (producerName === undefined) return await this.#publishUnnamed(producer, message);
      const receipt = await producer.sendEntry([message]);
      if (this.#verified || receipt.messageId === null) return;
      const output = { topic, producer, lastSequence: message.sequenceId };
      await requireDeduplication(session, output, { compression: COMPRESSION }, signal);
      this.#producer = Promise.resolve(output.producer);
      this.#verified = true;
    } catch (cause) {
      throw routeFailure(cause, `publishing a dead letter to ${topic}`);
    }
  }

  /** A topic may deduplicate although nobody asks it to: letters that come in any order, or twice, then need sequences of this producer's own. */
  async #publishUnnamed(producer: MessagingProducer, message: OutgoingMessage): Promise<void> {
    this.#sequence = Math.max(this.#sequence, producer.lastSequenceId) + 1;
    await producer.sendEntry([{ ...message, sequenceId: this.#sequence }]);
  }

  /** Largest entry that the topic's broker takes, in bytes. */
  async maxMessageBytes(): Promise<number> {
    return (await this.#opened()).maxMessageBytes;
  }

  /** The highest sequence of a letter that the broker knows of under our name; -1: none. */
  async lastSequence(): Promise<number> {
    return (await this.#opened()).lastSequenceId;
  }

  async #opened(): Promise<MessagingProducer> {
    try {
      return await this.#open();
    } catch (cause) {
      throw routeFailure(cause, `opening a producer on ${this.topic}`);
    }
  }

  #open(): Promise<MessagingProducer> {
    this.#producer ??= this.#register();
    return this.#producer;
  }

  async #register(): Promise<MessagingProducer> {
    const { session, topic, uid, producerName, requireHeld, signal } = this.#options;
    const producer = await session.producer({
      topic,
      initialSubscriptionName: deadLetterSubscription(uid),
      compression: COMPRESSION,
      signal,
      ...(producerName !== undefined && { producerName }),
    });
    await requireHeld?.();
    return producer;
  }

  /** Closes the producer: its name may be opened again. */
  async close(): Promise<void> {
    await (await this.#producer)?.close();
  }
}
