import { type EntryKey, formatKey } from './entry-key.ts';
import type { LedgerIndex } from './ledger-index.ts';

/** Inclusive range of acknowledged entries, inside one ledger. */
export type AckedRange = [from: EntryKey, to: EntryKey];

/** A batch that is partly acknowledged, and the bits of its messages that are not. */
export type PartlyAcked = [key: EntryKey, left: bigint[]];

/**
 * What of a cursor survives a restart. Of partly acknowledged batches only what transactions committed, as a broker's log of pending
 * acknowledgements does; a real broker forgets the others, too (GUARANTEES T8).
 */
export interface CursorSnapshot {
  readonly markDelete: EntryKey;
  readonly acked: AckedRange[];
  readonly committed?: readonly PartlyAcked[];
}

/**
 * What a subscription has acknowledged: everything up to `markDelete`, the ranges after it, and bits of partly acknowledged batches.
 * Pure; `version` grows with each change so that the owner knows what to flush. Source: ManagedCursorImpl, PULSAR-WIRE 3.7.
 */
export class Cursor {
  readonly #index: LedgerIndex;
  #markDelete: EntryKey;
  #acked: AckedRange[];
  readonly #batches: Map<EntryKey, bigint[]>;
  /** What of `#batches` transactions have committed. */
  readonly #committed: Map<EntryKey, bigint[]>;
  version = 0;

  constructor(index: LedgerIndex, snapshot: CursorSnapshot) {
    this.#index = index;
    this.#markDelete = snapshot.markDelete;
    this.#acked = snapshot.acked.map(([from, to]) => [from, to]);
    this.#batches = new Map(snapshot.committed);
    this.#committed = new Map(snapshot.committed);
    this.#advance();
    this.skipAborted();
    this.version = 0;
  }

  /** Every entry up to and including this one is acknowledged. */
  get markDelete(): EntryKey {
    return this.#markDelete;
  }

  /** Entries after the mark-delete position that are not acknowledged. A batch is one entry. */
  get backlog(): number {
    const acked = this.#acked.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    return this.#index.count(this.#markDelete, this.#index.lastConfirmed) - acked;
  }

  /** Number of ranges after the mark-delete position. */
  get rangeCount(): number {
    return this.#acked.length;
  }

  isAcked(key: EntryKey): boolean {
    if (key <= this.#markDelete) return true;
    const range = this.#acked[this.#rangeAtOrBefore(key)];
    return range !== undefined && key <= range[1];
  }

  /** Acknowledges one entry. False when that changed nothing (acknowledged already, or beyond the end). */
  ack(key: EntryKey): boolean {
    if (key > this.#index.lastConfirmed || this.isAcked(key)) return false;
    this.#forgetBatch(key);
    this.#insert(key);
    this.#advance();
    this.version++;
    return true;
  }

  /**
   * Acknowledges the zero bits of `words` (64-bit words, bit j of word i = message 64i+j, absent words are zero).
   * `isCommitted`: by a transaction, and to be kept.
   * Returns 'entry' when the last message of the batch is now acknowledged, 'partial' before, 'none' when nothing changed.
   */
  ackIndexes(key: EntryKey, words: readonly bigint[], isCommitted = false): 'entry' | 'partial' | 'none' {
    if (key > this.#index.lastConfirmed || this.isAcked(key)) return 'none';
    const left = bothLeft(words, this.#batches.get(key));
    if (left.every((word) => word === 0n)) return this.ack(key) ? 'entry' : 'none';
    this.#batches.set(key, left);
    if (isCommitted) {
      this.#committed.set(key, bothLeft(words, this.#committed.get(key)));
      this.version++;
    }
    return 'partial';
  }

  #forgetBatch(key: EntryKey): void {
    this.#batches.delete(key);
    this.#committed.delete(key);
  }

  /** Bits of the messages of this batch that are not acknowledged, undefined when all are unacknowledged. */
  remaining(key: EntryKey): readonly bigint[] | undefined {
    return this.#batches.size === 0 ? undefined : this.#batches.get(key);
  }

  /** Acknowledges everything up to and including `key`. False when that changed nothing; beyond the end is refused (MC). */
  ackThrough(key: EntryKey): boolean {
    if (key <= this.#markDelete || key > this.#index.lastConfirmed) return false;
    this.#moveTo(key);
    return true;
  }

  /** Forgets every acknowledgement after `markDelete` and makes the next entry the first unacknowledged one (seek). */
  reset(markDelete: EntryKey): void {
    this.#acked = [];
    this.#batches.clear();
    this.#committed.clear();
    this.#markDelete = markDelete;
    this.skipAborted();
    this.version++;
  }

  /** Acknowledges the entries of aborted transactions. */
  skipAborted(): void {
    for (const key of this.#index.aborted) this.ack(key);
  }

  /** The first entry at or after `from` that is not acknowledged, or the tail. */
  nextUnacked(from: EntryKey): EntryKey {
    let key = this.#index.ceil(Math.max(from, this.#markDelete + 1));
    for (;;) {
      const range = this.#acked[this.#rangeAtOrBefore(key)];
      if (range === undefined || key > range[1]) return key;
      key = this.#index.next(range[1]);
    }
  }

  snapshot(): CursorSnapshot {
    const acked = this.#acked.map(([from, to]): AckedRange => [from, to]);
    return { markDelete: this.#markDelete, acked, committed: [...this.#committed] };
  }

  /** As a broker prints `individuallyDeletedMessages`: open-closed ranges. */
  formatAcked(): string {
    return `[${this.#acked.map(([from, to]) => `(${formatKey(from - 1)}..${formatKey(to)}]`).join(',')}]`;
  }

  #moveTo(key: EntryKey): void {
    this.#markDelete = key;
    this.#acked = this.#acked.filter(([, to]) => to > key);
    for (const batch of this.#batches.keys()) if (batch <= key) this.#forgetBatch(batch);
    const first = this.#acked[0];
    if (first && first[0] <= key) first[0] = key + 1;
    this.#advance();
    this.version++;
  }

  #insert(key: EntryKey): void {
    const at = this.#rangeAtOrBefore(key);
    const before = this.#acked[at];
    const after = this.#acked[at + 1];
    const joinsBefore = before !== undefined && before[1] === key - 1;
    const joinsAfter = after !== undefined && after[0] === key + 1;
    if (joinsBefore && joinsAfter) {
      before[1] = after[1];
      this.#acked.splice(at + 1, 1);
    } else if (joinsBefore) before[1] = key;
    else if (joinsAfter) after[0] = key;
    else this.#acked.splice(at + 1, 0, [key, key]);
  }

  #advance(): void {
    for (let first = this.#acked[0]; first && first[0] <= this.#index.next(this.#markDelete); first = this.#acked[0]) {
      this.#markDelete = Math.max(this.#markDelete, first[1]);
      this.#acked.shift();
    }
  }

  /** Index of the last range that starts at or before `key`, -1 if none. */
  #rangeAtOrBefore(key: EntryKey): number {
    let low = 0;
    let high = this.#acked.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#acked[middle] as AckedRange)[0] <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Bits that are left in both; without a second set, those of the first. */
function bothLeft(words: readonly bigint[], other: readonly bigint[] | undefined): bigint[] {
  return words.map((word, i) => BigInt.asUintN(64, word) & (other ? (other[i] ?? 0n) : BigInt.asUintN(64, -1n)));
}
