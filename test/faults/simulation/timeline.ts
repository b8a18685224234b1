interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

const isBefore = (a: Due, b: Due): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** A turn of the event loop: every promise that can go on has gone on. No time passes by it. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Virtual time: whatever happens in a simulation is an event here, and events happen one after another in an order that depends on nothing else. */
export class Timeline {
  nowMs = 0;
  /** Everything noted, when it was asked for. */
  readonly lines: string[] | undefined;
  #trace = 0x811c9dc5;
  #order = 0;
  readonly #heap: Due[] = [];
  #untilStill: () => Promise<void> = turn;

  constructor({ keepsLines = false }: { keepsLines?: boolean } = {}) {
    this.lines = keepsLines ? [] : undefined;
  }

  /** Hash of everything noted so far. */
  get trace(): string {
    return this.#trace.toString(16).padStart(8, '0');
  }

  /** Adds to the trace. */
  note(text: string): void {
    const line = `${this.nowMs} ${text}`;
    this.lines?.push(line);
    for (let index = 0; index < line.length; index++)
      this.#trace = Math.imul(this.#trace ^ line.charCodeAt(index), 0x01000193) >>> 0;
  }

  /** Calls `act` at a time, not before now. */
  at(atMs: number, act: () => void): void {
    this.#push({ atMs: Math.max(atMs, this.nowMs), order: this.#order++, act });
  }

  /** Calls `act` after that many milliseconds. */
  after(ms: number, act: () => void): void {
    this.at(this.nowMs + ms, act);
  }

  /** Resolves after that many milliseconds: for what happens in servers, which never freeze. */
  delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Between two events time stands until that resolves, which is to take a {@link turn} at least: for what awaits something real. */
  standUntil(isStill: () => Promise<void>): void {
    this.#untilStill = isStill;
  }

  /** Lets events happen until `isOver`, or none is left, or the time is up. */
  async run(isOver: () => boolean, untilMs: number): Promise<void> {
    await this.#untilStill();
    for (let due = this.#pop(); due && due.atMs <= untilMs; due = this.#pop()) {
      this.nowMs = due.atMs;
      due.act();
      await this.#untilStill();
      if (isOver()) return;
    }
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent] as Due)) break;
      heap[at] = heap[parent] as Due;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Due, heap[child] as Due)) child += 1;
      if (!isBefore(heap[child] as Due, last)) break;
      heap[at] = heap[child] as Due;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
