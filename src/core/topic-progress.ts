import type { TopicStatus } from './instance-status.ts';
import { compareMessageIds, formatMessageId, type MessageIdParts } from './message-id.ts';

/** Topic-partitions that a status names. */
const SHOWN_TOPICS = 100;
/** A broker stores acknowledgements once a second, and a killed one forgets what it did not store (GUARANTEES rule 24). */
const DURABLE_AFTER_MS = 5_000;

interface Acknowledged {
  readonly id: MessageIdParts;
  readonly atMs: number;
}

/** How far an instance has got with its topics, over its runs: for its status, and to notice a cursor that somebody else moved (GUARANTEES rule 27). */
export class TopicProgress {
  readonly #topics: Map<string, TopicStatus>;
  readonly #latest = new Map<string, Acknowledged>();

  constructor(before: Readonly<Record<string, TopicStatus>>) {
    this.#topics = new Map(Object.entries(before));
  }

  /** Notes that everything up to `id` is settled and acknowledged. */
  reached(topic: string, id: MessageIdParts, publishTimeMs: number, nowMs: number, parkedKeys = 0): void {
    const before = this.#topics.get(topic);
    if (!before && this.#topics.size >= SHOWN_TOPICS) return;
    const entry = { ...id, batchIndex: -1 };
    this.#noteDurable(topic, nowMs);
    if (!this.#latest.has(topic)) this.#latest.set(topic, { id: entry, atMs: nowMs });
    this.#topics.set(topic, {
      ...this.#topics.get(topic),
      position: formatMessageId(entry),
      publishTimeMs,
      lagMs: Math.max(0, nowMs - publishTimeMs),
      parkedKeys,
    });
  }

  /** The broker still lives so long after that acknowledgement. */
  #noteDurable(topic: string, nowMs: number): void {
    const latest = this.#latest.get(topic);
    const before = this.#topics.get(topic);
    if (!latest || !before || nowMs - latest.atMs < DURABLE_AFTER_MS) return;
    this.#topics.set(topic, { ...before, acknowledged: formatMessageId(latest.id) });
    this.#latest.delete(topic);
  }

  /** The position that `markDelete` should not lie before; undefined when it does not. */
  missedBy(topic: string, markDelete: MessageIdParts | undefined): string | undefined {
    const acknowledged = this.#topics.get(topic)?.acknowledged;
    if (acknowledged === undefined || !markDelete) return undefined;
    const [ledgerId = -1, entryId = -1] = acknowledged.split(':').map(Number);
    const isBehind = compareMessageIds({ ...markDelete, batchIndex: -1 }, { ledgerId, entryId, batchIndex: -1 }) < 0;
    return isBehind ? acknowledged : undefined;
  }

  /** Forgets what was known of a topic: its position was set. */
  forget(topic: string): void {
    this.#topics.delete(topic);
    this.#latest.delete(topic);
  }

  /** For the instance's status. */
  snapshot(nowMs: number): Readonly<Record<string, TopicStatus>> {
    for (const topic of this.#latest.keys()) this.#noteDurable(topic, nowMs);
    return Object.fromEntries(this.#topics);
  }
}
