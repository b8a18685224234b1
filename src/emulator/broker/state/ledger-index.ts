import { type EntryKey, entryIdOf, keyOf, LATEST, ledgerIdOf } from './entry-key.ts';

/** One ledger of a topic. `entries` and `bytes` count committed entries; entry ids run from 0 without holes. */
export interface Ledger {
  readonly ledgerId: number;
  readonly createdAtMs: number;
  entries: number;
  bytes: number;
}

/** Which entries of a topic exist, and what comes before and after a position. The last ledger is the open one; there is always one. */
export class LedgerIndex {
  readonly ledgers: Ledger[];
  /** Entries of aborted transactions: every cursor counts them as acknowledged. */
  readonly aborted = new Set<EntryKey>();
  /** The first entry of the oldest open transaction: nothing from there on is delivered. LATEST when none is open. */
  visibleEnd: EntryKey = LATEST;

  constructor(ledgers: Ledger[]) {
    this.ledgers = ledgers;
  }

  /** The ledger that is written to. */
  get open(): Ledger {
    return this.ledgers[this.ledgers.length - 1] as Ledger;
  }

  /** Where the next committed entry will be. */
  get tail(): EntryKey {
    return keyOf(this.open.ledgerId, this.open.entries);
  }

  /** The last committed entry that may be delivered, undefined when there is none. */
  get lastVisible(): EntryKey | undefined {
    let key = this.previous(Math.min(this.tail, this.visibleEnd));
    while (this.aborted.has(key)) key = this.previous(key);
    return this.has(key) ? key : undefined;
  }

  /** The position before every entry that still exists: the mark-delete position of a subscription at `earliest`. */
  get beforeFirst(): EntryKey {
    return keyOf((this.ledgers[0] as Ledger).ledgerId, -1);
  }

  /** The last committed entry, or `(open ledger, -1)` when no entry is left. */
  get lastConfirmed(): EntryKey {
    return this.previous(this.tail);
  }

  /** True when the topic holds no entry. */
  get isEmpty(): boolean {
    return this.ledgers.every((ledger) => ledger.entries === 0);
  }

  /** True when this entry is committed and not trimmed. */
  has(key: EntryKey): boolean {
    const ledger = this.ledgers[this.#atOrAfter(ledgerIdOf(key))];
    return ledger?.ledgerId === ledgerIdOf(key) && entryIdOf(key) >= 0 && entryIdOf(key) < ledger.entries;
  }

  /** The first existing entry at or after `key`, or the tail. */
  ceil(key: EntryKey): EntryKey {
    const at = this.#atOrAfter(ledgerIdOf(key));
    for (let i = at; i < this.ledgers.length; i++) {
      const ledger = this.ledgers[i] as Ledger;
      const entryId = ledger.ledgerId === ledgerIdOf(key) ? Math.max(0, entryIdOf(key)) : 0;
      if (entryId < ledger.entries) return keyOf(ledger.ledgerId, entryId);
    }
    return this.tail;
  }

  /** The first existing entry after `key`, or the tail. */
  next(key: EntryKey): EntryKey {
    return this.ceil(key + 1);
  }

  /** The last existing entry before `key`, or `(ledger of the first, -1)`: what a mark-delete position is set to so that `key` is next. */
  previous(key: EntryKey): EntryKey {
    for (let i = this.ledgers.length - 1; i >= 0; i--) {
      const ledger = this.ledgers[i] as Ledger;
      if (ledger.ledgerId > ledgerIdOf(key)) continue;
      const entryId =
        Math.min(ledger.entries, ledger.ledgerId === ledgerIdOf(key) ? entryIdOf(key) : ledger.entries) - 1;
      if (entryId >= 0) return keyOf(ledger.ledgerId, entryId);
    }
    return this.isEmpty ? keyOf(this.open.ledgerId, -1) : this.beforeFirst;
  }

  /** How many existing entries are in (after, upTo]. */
  count(after: EntryKey, upTo: EntryKey): number {
    let total = 0;
    for (const { ledgerId, entries } of this.ledgers) {
      const from = Math.max(after + 1, keyOf(ledgerId, 0));
      const to = Math.min(upTo, keyOf(ledgerId, 0) + entries - 1);
      if (to >= from) total += to - from + 1;
    }
    return total;
  }

  /** Index of the first ledger whose id is at least `ledgerId`. */
  #atOrAfter(ledgerId: number): number {
    let low = 0;
    let high = this.ledgers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ledgers[middle] as Ledger).ledgerId < ledgerId) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
