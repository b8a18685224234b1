/** What to do with an entry. `duplicate` is answered like a success with id -1:-1, `unknown` with PersistenceError. */
export type DedupVerdict = 'publish' | 'duplicate' | 'unknown';

/** The part of a SEND that deduplication looks at. Sequence ids are safe integers: the codec refuses
 * larger ones, where a broker takes 2^63 and above for a duplicate of everything (T11). */
export interface DedupInput {
  readonly producerName: string;
  readonly lowestSequenceId: number;
  readonly highestSequenceId: number;
  /** A chunk that is not the last of its message is published without a look at the maps. */
  readonly isPartialChunk: boolean;
}

/** -1: the producer name is not known. */
export const NO_SEQUENCE_ID = -1;

/**
 * Deduplication memory of one topic (PULSAR-WIRE 3.5, MessageDeduplication.java): per producer name the highest sequence id that was
 * *pushed* toward storage and that was *persisted*. Pure: the clock is handed in.
 */
export class Dedup {
  readonly #pushed = new Map<string, number>();
  readonly #persisted = new Map<string, number>();
  readonly #inactiveSinceMs = new Map<string, number>();
  readonly #changed = new Set<string>();
  isEnabled: boolean;

  constructor(isEnabled: boolean) {
    this.isEnabled = isEnabled;
  }

  /** The admin's word for the state. Recovery is synchronous here, so `Recovering` is never seen. */
  get status(): 'Enabled' | 'Disabled' {
    return this.isEnabled ? 'Enabled' : 'Disabled';
  }

  /** Decides about one entry; a verdict of `publish` records it as pushed. Only the lowest id of a batch is tested (T1). */
  check(input: DedupInput): DedupVerdict {
    if (!this.isEnabled || input.isPartialChunk) return 'publish';
    const { producerName, lowestSequenceId } = input;
    const pushed = this.#pushed.get(producerName);
    if (pushed !== undefined && lowestSequenceId <= pushed) {
      const persisted = this.#persisted.get(producerName);
      return persisted !== undefined && lowestSequenceId <= persisted ? 'duplicate' : 'unknown';
    }
    this.#pushed.set(producerName, highest(input));
    return 'publish';
  }

  /** Call after the entry is durable. */
  persisted(input: DedupInput): void {
    if (!this.isEnabled || input.isPartialChunk) return;
    this.#persisted.set(input.producerName, highest(input));
    this.#changed.add(input.producerName);
  }

  /** Storage failed: what was pushed but not persisted may be sent again. */
  storageFailed(): void {
    this.#pushed.clear();
    for (const [name, sequenceId] of this.#persisted) this.#pushed.set(name, sequenceId);
  }

  /** `last_sequence_id` of PRODUCER_SUCCESS: from the pushed map, so it may run ahead of what is stored (T7). */
  lastSequenceId(producerName: string): number {
    return this.#pushed.get(producerName) ?? NO_SEQUENCE_ID;
  }

  /** Seeds both maps from the snapshot. */
  restore(producerName: string, sequenceId: number): void {
    this.#pushed.set(producerName, sequenceId);
    this.#persisted.set(producerName, sequenceId);
  }

  /** Counts an entry that was found after the snapshot; the larger id wins. */
  replay(producerName: string, sequenceId: number): void {
    this.restore(producerName, Math.max(this.#persisted.get(producerName) ?? sequenceId, sequenceId));
    this.#changed.add(producerName);
  }

  /** Switching off forgets everything; switching on starts empty, history is not read again (T3). */
  setEnabled(isEnabled: boolean): void {
    if (isEnabled === this.isEnabled) return;
    this.isEnabled = isEnabled;
    for (const map of [this.#pushed, this.#persisted, this.#inactiveSinceMs]) map.clear();
    this.#changed.clear();
  }

  producerConnected(producerName: string): void {
    this.#inactiveSinceMs.delete(producerName);
  }

  producerDisconnected(producerName: string, nowMs: number): void {
    if (this.isEnabled) this.#inactiveSinceMs.set(producerName, nowMs);
  }

  /** Forgets names that disconnected before `cutoffMs`; returns them. Only names seen since the topic was loaded can be purged. */
  purge(cutoffMs: number): string[] {
    const idle = [...this.#inactiveSinceMs].filter(([, since]) => since < cutoffMs).map(([name]) => name);
    for (const name of idle) {
      for (const map of [this.#pushed, this.#persisted, this.#inactiveSinceMs]) map.delete(name);
      this.#changed.delete(name);
    }
    return idle;
  }

  /** Names whose persisted id changed since the last call, for the snapshot. */
  takeChanges(): [producerName: string, sequenceId: number][] {
    const changes = [...this.#changed].map((name): [string, number] => [name, this.#persisted.get(name) as number]);
    this.#changed.clear();
    return changes;
  }
}

function highest({ lowestSequenceId, highestSequenceId }: DedupInput): number {
  return highestSequenceId > lowestSequenceId ? highestSequenceId : lowestSequenceId;
}
