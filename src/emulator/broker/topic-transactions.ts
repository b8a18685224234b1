import { type EntryKey, LATEST } from './state/entry-key.ts';
import type { LedgerIndex } from './state/ledger-index.ts';
import type { TransactionEntry, TransactionStore } from './storage/transaction-store.ts';

/** Which entries of a topic transactions hide: those from the first one of an open transaction on, and those of aborted ones. */
export class TopicTransactions {
  readonly #index: LedgerIndex;
  readonly #store: TransactionStore;
  readonly #topicId: number;
  /** First entry of each open transaction, in log order. */
  readonly #open = new Map<number, EntryKey>();

  constructor(index: LedgerIndex, store: TransactionStore, topicId: number) {
    this.#index = index;
    this.#store = store;
    this.#topicId = topicId;
    this.#load(store.entries(topicId));
  }

  /** True when something may still be published and acknowledged in the transaction. */
  isOpen(transaction: number): boolean {
    return this.#store.isOpen(transaction);
  }

  /** An entry of a transaction is stored. */
  appended(transaction: number, key: EntryKey): void {
    if (!this.#open.has(transaction)) this.#open.set(transaction, key);
    this.#setVisibleEnd();
  }

  /** A transaction was ended in the store: shows its entries, or hides them for ever. */
  ended(transaction: number): void {
    this.#open.delete(transaction);
    this.#load(this.#store.entries(this.#topicId).filter((entry) => entry.transaction === transaction));
  }

  #load(entries: readonly TransactionEntry[]): void {
    for (const { key, transaction, isAborted } of entries) {
      if (isAborted) this.#index.aborted.add(key);
      else if (!this.#open.has(transaction)) this.#open.set(transaction, key);
    }
    this.#setVisibleEnd();
  }

  #setVisibleEnd(): void {
    const [first = LATEST] = this.#open.values();
    this.#index.visibleEnd = first;
  }
}
