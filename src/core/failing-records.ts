import type { PulsarIoError } from './errors.ts';
import { formatMessageId, type MessageIdParts } from './message-id.ts';

/** A record that could not be settled yet and is tried again. */
export interface FailingRecord {
  readonly topic: string;
  /** `ledger:entry` or `ledger:entry:index`. */
  readonly messageId: string;
  /** Failed writes so far, over all runs. */
  readonly attempts: number;
  /** Code and message of the last failure. */
  readonly error: string;
  readonly lastFailedAtMs: number;
}

/** How many failing records an instance remembers; those beyond are counted from 0 again by the next run. */
const REMEMBERED = 100;
/** A record that nobody tried for so long went to another instance, or was skipped. */
const FORGOTTEN_AFTER_MS = 15 * 60_000;

/**
 * The records that an instance tries again, over all its runs: `maxMessageRetries` counts what a broker forgets when a run ends, and what a
 * subscription that keeps order never counts. Only a count: nothing is lost or repeated when it is.
 */
export class FailingRecords {
  readonly #records: Map<string, FailingRecord>;

  constructor(remembered: readonly FailingRecord[], nowMs: number) {
    const fresh = remembered.filter(({ lastFailedAtMs }) => lastFailedAtMs > nowMs - FORGOTTEN_AFTER_MS);
    this.#records = new Map(fresh.map((record) => [keyOf(record.topic, record.messageId), record]));
  }

  /** Failed writes of a record before. */
  attemptsOf(topic: string, id: MessageIdParts): number {
    return this.#records.get(keyOf(topic, formatMessageId(id)))?.attempts ?? 0;
  }

  /** Notes that a record failed again. */
  failed(topic: string, id: MessageIdParts, attempts: number, error: PulsarIoError, nowMs: number): void {
    const messageId = formatMessageId(id);
    const key = keyOf(topic, messageId);
    if (!this.#records.has(key) && this.#records.size >= REMEMBERED) return;
    const text = `[${error.code}]: ${error.message}`;
    this.#records.delete(key);
    this.#records.set(key, { topic, messageId, attempts, error: text, lastFailedAtMs: nowMs });
  }

  /** Forgets a record that is settled. */
  settled(topic: string, id: MessageIdParts): void {
    if (this.#records.size > 0) this.#records.delete(keyOf(topic, formatMessageId(id)));
  }

  /** The last failure in one sentence, "" when no record fails. */
  get problem(): string {
    const last = this.all.at(-1);
    if (!last) return '';
    const { topic, messageId, attempts, error } = last;
    return `message ${messageId} of ${topic} is tried again, it failed ${attempts} times: ${error}`;
  }

  /** For the instance's status, the last failure last. */
  get all(): readonly FailingRecord[] {
    return [...this.#records.values()];
  }
}

const keyOf = (topic: string, messageId: string): string => `${topic} ${messageId}`;
