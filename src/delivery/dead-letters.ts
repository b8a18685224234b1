import type { MessagingProducer, MessagingSession, OutgoingMessage } from '../core/messaging.ts';
import { requireDeduplication } from './deduplication.ts';
import { routeFailure } from './pulsar-failure.ts';

/** Subscription created before the first dead letter, so that the broker keeps them (GUARANTEES rule 39). */
export const DEAD_LETTER_SUBSCRIPTION = 'pulsar-io-dead-letters';

/** Where records go that cannot be settled otherwise. */
export interface DeadLetterOptions {
  readonly session: MessagingSession;
  readonly topic: string;
  /** Given under EFFECTIVELY_ONCE: one name per input partition and generation, deduplicated by sequence (rule 38). */
  readonly producerName?: string;
  readonly signal: AbortSignal;
}

/** A dead-letter topic of one input partition; its producer is opened with the first dead letter. */
export class DeadLetters {
  readonly #options: DeadLetterOptions;
  #producer: Promise<MessagingProducer> | undefined;
  #verified = false;

  constructor(options: DeadLetterOptions) {
    this.#options = options;
  }

  /** The dead-letter topic. */
  get topic(): string {
    return this.#options.topic;
  }

  /**
   * Publishes one dead letter and resolves with its receipt's arrival. The broker's "I hold it already" is success: letters of one input partition are
   * sent in order, one at a time. Throws what publishing throws; the batch is then not settled.
   */
  async publish(message: OutgoingMessage): Promise<void> {
    const { session, topic, producerName, signal } = this.#options;
    try {
      this.#producer ??= session.producer({
        topic,
        initialSubscriptionName: DEAD_LETTER_SUBSCRIPTION,
        signal,
        ...(producerName !== undefined && { producerName }),
      });
      const producer = await this.#producer;
      const receipt = await producer.sendEntry([message]);
      if (producerName === undefined || this.#verified || receipt.messageId === null) return;
      const output = { topic, producer, lastSequence: message.sequenceId };
      await requireDeduplication(session, output, signal);
      this.#producer = Promise.resolve(output.producer);
      this.#verified = true;
    } catch (cause) {
      throw routeFailure(cause, `publishing a dead letter to ${topic}`);
    }
  }
}
