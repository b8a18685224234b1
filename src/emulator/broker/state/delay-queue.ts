import type { EntryKey } from './entry-key.ts';

interface Delayed {
  readonly atMs: number;
  readonly key: EntryKey;
}

/** Entries that wait for their deliver-at time: a binary heap, in memory only, as the broker's default tracker. */
export class DelayQueue {
  readonly #heap: Delayed[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** Due time of the earliest entry, undefined when empty. */
  get nextAtMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  add(key: EntryKey, atMs: number): void {
    const heap = this.#heap;
    heap.push({ atMs, key });
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if ((heap[parent] as Delayed).atMs <= (heap[i] as Delayed).atMs) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  /** Removes and returns the keys whose time has come. */
  takeDue(nowMs: number): EntryKey[] {
    const due: EntryKey[] = [];
    while ((this.nextAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) due.push(this.#takeFirst());
    return due;
  }

  #takeFirst(): EntryKey {
    const heap = this.#heap;
    this.#swap(0, heap.length - 1);
    const { key } = heap.pop() as Delayed;
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      let least = i;
      for (const child of [left, left + 1]) {
        if (child < heap.length && (heap[child] as Delayed).atMs < (heap[least] as Delayed).atMs) least = child;
      }
      if (least === i) return key;
      this.#swap(i, least);
      i = least;
    }
  }

  #swap(a: number, b: number): void {
    const held = this.#heap[a] as Delayed;
    this.#heap[a] = this.#heap[b] as Delayed;
    this.#heap[b] = held;
  }
}
