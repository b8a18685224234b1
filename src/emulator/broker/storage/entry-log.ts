import { type EntryKey, entryIdOf, keyOf, LEDGER_SPAN, ledgerIdOf } from '../state/entry-key.ts';
import { type Ledger, LedgerIndex } from '../state/ledger-index.ts';
import type { Entry } from './entry.ts';
import type { EntryStore } from './entry-store.ts';
import type { TransactionStore } from './transaction-store.ts';

/** Ledger roll-over as a broker's defaults: after 50 000 entries and 10 minutes; here also before the ids run out. */
const ROLL_OVER_ENTRIES = 50_000;
const ROLL_OVER_MS = 600_000;
const LEDGER_ENTRIES_MAX = LEDGER_SPAN - 2;
/** Newest entries kept in memory per topic, for consumers at the tail. */
const CACHE_BYTES = 4 * 1024 * 1024;
const CACHE_ENTRIES = 8192;

/** The entries of one loaded topic. Loading starts a new ledger; empty older ones disappear, as in ManagedLedgerImpl. */
export class EntryLog {
  readonly index: LedgerIndex;
  readonly #store: EntryStore;
  readonly #transactions: TransactionStore;
  readonly #topicId: number;
  #assigned = 0;
  #cache: Entry[] = [];
  #cacheBytes = 0;

  /** Call in a transaction. */
  constructor(store: EntryStore, transactions: TransactionStore, topicId: number, nowMs: number) {
    this.#store = store;
    this.#transactions = transactions;
    this.#topicId = topicId;
    const ledgers = store.ledgers(topicId);
    for (const { ledgerId } of ledgers.filter(({ entries }) => entries === 0)) store.deleteLedger(ledgerId);
    this.index = new LedgerIndex([...ledgers.filter(({ entries }) => entries > 0), store.createLedger(topicId, nowMs)]);
  }

  /** True while entries have an id but are not committed. */
  get hasUncommitted(): boolean {
    return this.#assigned > this.index.open.entries;
  }

  /** Gives the next id of the open ledger to an entry. */
  assign(): EntryKey {
    return keyOf(this.index.open.ledgerId, this.#assigned++);
  }

  /** Stores an entry that has its id. Call in a transaction; then `committed` or, when it failed, `discardUncommitted`. */
  insert(entry: Entry): void {
    this.#store.insert(entry);
    if (entry.transaction !== undefined) this.#transactions.addEntry(entry.transaction, this.#topicId, entry.key);
  }

  committed(entry: Entry): void {
    const { open } = this.index;
    open.entries = entryIdOf(entry.key) + 1;
    open.bytes += entry.data.length;
    this.#cache.push(entry);
    this.#cacheBytes += entry.data.length;
    if (this.#cacheBytes > CACHE_BYTES || this.#cache.length > CACHE_ENTRIES) this.#shrinkCache();
  }

  discardUncommitted(): void {
    this.#assigned = this.index.open.entries;
  }

  /** Up to `limit` entries from `from` on that may be delivered, in order; stops after the entry that reaches `maxBytes`. */
  read(from: EntryKey, limit: number, maxBytes: number): Entry[] {
    const first = this.index.ceil(from);
    const end = Math.min(this.index.tail, this.index.visibleEnd);
    if (first >= end) return [];
    const cachedFrom = this.#cache[0]?.key ?? Number.POSITIVE_INFINITY;
    if (first >= cachedFrom) return this.#readCache(first, limit).filter(({ key }) => key < end);
    const ledger = this.index.ledgers.find(({ ledgerId }) => ledgerId === ledgerIdOf(first)) as Ledger;
    const last = Math.min(keyOf(ledger.ledgerId, ledger.entries), end) - 1;
    const entries: Entry[] = [];
    let bytes = 0;
    for (const entry of this.#store.read(first, last, limit)) {
      entries.push(entry);
      bytes += entry.data.length;
      if (bytes >= maxBytes) break;
    }
    return entries;
  }

  /** One committed entry, undefined when it does not exist (any more). */
  readOne(key: EntryKey): Entry | undefined {
    if (!this.index.has(key)) return undefined;
    return key >= (this.#cache[0]?.key ?? Number.POSITIVE_INFINITY)
      ? this.#readCache(key, 1)[0]
      : this.#store.readOne(key);
  }

  /** The first entry published at or after `timeMs`, or the tail. */
  firstPublishedSince(timeMs: number): EntryKey {
    for (const { ledgerId, entries } of this.index.ledgers) {
      const found = this.#store.firstPublishedSince(timeMs, keyOf(ledgerId, 0), keyOf(ledgerId, entries) - 1);
      if (found !== undefined) return found;
    }
    return this.index.tail;
  }

  /** True when the open ledger is full and nothing is on its way into it. */
  shouldRollOver(nowMs: number): boolean {
    const { entries, createdAtMs } = this.index.open;
    if (this.hasUncommitted) return false;
    return entries >= LEDGER_ENTRIES_MAX / 2 || (entries >= ROLL_OVER_ENTRIES && nowMs - createdAtMs >= ROLL_OVER_MS);
  }

  /** Closes the open ledger and starts another. */
  rollOver(nowMs: number): void {
    this.index.ledgers.push(this.#store.createLedger(this.#topicId, nowMs));
    this.#assigned = 0;
  }

  /** Deletes the oldest ledger with its entries; never the open one. Call in a transaction. */
  deleteOldest(): void {
    if (this.index.ledgers.length < 2) return;
    const { ledgerId } = this.index.ledgers.shift() as Ledger;
    this.#store.deleteLedger(ledgerId);
    this.#transactions.deleteEntries(keyOf(ledgerId, 0), keyOf(ledgerId, LEDGER_SPAN));
    for (const key of this.index.aborted) if (ledgerIdOf(key) === ledgerId) this.index.aborted.delete(key);
    this.#cache = this.#cache.filter(({ key }) => key > keyOf(ledgerId, LEDGER_SPAN));
    this.#cacheBytes = this.#cache.reduce((sum, { data }) => sum + data.length, 0);
  }

  /** Deletes everything; the log is not usable after. Call in a transaction. */
  deleteAll(): void {
    for (const { ledgerId } of this.index.ledgers) this.#store.deleteLedger(ledgerId);
  }

  #readCache(from: EntryKey, limit: number): Entry[] {
    let low = 0;
    let high = this.#cache.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#cache[middle] as Entry).key < from) low = middle + 1;
      else high = middle;
    }
    return this.#cache.slice(low, low + limit);
  }

  /** Drops the older half, so that shrinking costs little per entry. */
  #shrinkCache(): void {
    while (this.#cacheBytes > CACHE_BYTES / 2 || this.#cache.length > CACHE_ENTRIES / 2) {
      const drop = this.#cache.splice(0, Math.ceil(this.#cache.length / 2));
      for (const { data } of drop) this.#cacheBytes -= data.length;
    }
  }
}
