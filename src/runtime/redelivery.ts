import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import type { MessageIdParts } from '../core/message-id.ts';
import type { MessagingConsumer } from '../core/messaging.ts';
import type { SinkBatch } from '../delivery/sink-batch.ts';

/** Waits of a record that failed, where the connector names none: up to Pulsar's own default, one minute. */
const BACKOFF = { firstMs: 1_000, maxMs: 60_000 };

interface Waiting {
  readonly id: MessageIdParts;
  readonly dueMs: number;
}

/** Asks the broker for handed-back records again: each after `negativeAckRedeliveryDelayMs`, or after waits that grow with its failures. */
export class Redelivery {
  readonly #consumer: Pick<MessagingConsumer, 'redeliver'>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #delayMs: number | undefined;
  #waiting: Waiting[] = [];

  constructor(
    consumer: Pick<MessagingConsumer, 'redeliver'>,
    { clock, random }: { readonly clock: Clock; random(): number },
    delayMs: number | undefined,
  ) {
    this.#consumer = consumer;
    this.#clock = clock;
    this.#random = random;
    this.#delayMs = delayMs;
  }

  /** Takes what a batch handed back. */
  take(batch: SinkBatch): void {
    const nowMs = this.#clock.monotonicMs();
    for (const { outcome, record, attempts } of batch.records) {
      if (outcome !== 'handed-back') continue;
      const delayMs = this.#delayMs ?? backoffMs(Math.max(1, attempts), BACKOFF, this.#random);
      this.#waiting.push({ id: record.messageId, dueMs: nowMs + delayMs });
    }
  }

  /** Asks for what has waited long enough. */
  flushDue(): void {
    const nowMs = this.#clock.monotonicMs();
    const due = this.#waiting.filter(({ dueMs }) => dueMs <= nowMs);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter(({ dueMs }) => dueMs > nowMs);
    this.#consumer.redeliver(due.map(({ id }) => id));
  }

  /** Asks for everything: the run ends. */
  flushAll(): void {
    if (this.#waiting.length > 0) this.#consumer.redeliver(this.#waiting.map(({ id }) => id));
    this.#waiting = [];
  }
}
