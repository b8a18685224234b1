import type { EntryKey } from './entry-key.ts';

/** A set of entry keys with a value each, walked in ascending order: the replay queue of Shared and Key_Shared. Sorting is put off until a walk. */
export class SortedKeys<Value> {
  readonly #values = new Map<EntryKey, Value>();
  #sorted: EntryKey[] = [];
  #isSorted = true;

  get size(): number {
    return this.#values.size;
  }

  add(key: EntryKey, value: Value): void {
    if (!this.#values.has(key)) {
      if (this.#isSorted && key < (this.#sorted[this.#sorted.length - 1] ?? Number.NEGATIVE_INFINITY))
        this.#isSorted = false;
      this.#sorted.push(key);
    }
    this.#values.set(key, value);
  }

  delete(key: EntryKey): void {
    this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
    this.#sorted = [];
    this.#isSorted = true;
  }

  /** The entries in ascending order; keys may be deleted during the walk, not added. */
  *entries(): Generator<[EntryKey, Value]> {
    this.#tidy();
    for (const key of this.#sorted) {
      if (this.#values.has(key)) yield [key, this.#values.get(key) as Value];
    }
  }

  #tidy(): void {
    if (this.#sorted.length > this.#values.size || !this.#isSorted) {
      this.#sorted = [...this.#values.keys()].sort((a, b) => a - b);
      this.#isSorted = true;
    }
  }
}
