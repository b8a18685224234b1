import type { Checkpoint, CheckpointStore } from '../core/checkpoint.ts';
import { bookOf, EMPTY_BOOK, type SinkBook } from '../core/sink-book.ts';
import type { Token } from '../core/token.ts';

/** The book of one topic-partition as a run holds it after its fence. */
export class OpenBook {
  readonly #store: CheckpointStore;
  readonly #uid: string;
  readonly #topic: string;
  #held: Checkpoint<SinkBook>;

  private constructor(store: CheckpointStore, uid: string, topic: string, held: Checkpoint<SinkBook>) {
    this.#store = store;
    this.#uid = uid;
    this.#topic = topic;
    this.#held = held;
  }

  /** Fences the book. Throws `PIO_FENCED` when a newer run was here. */
  static async open(
    store: CheckpointStore,
    uid: string,
    topic: string,
    token: Token,
    signal: AbortSignal,
  ): Promise<OpenBook> {
    const held = await store.fence<SinkBook>(uid, bookOf(topic), token, EMPTY_BOOK, undefined, signal);
    return new OpenBook(store, uid, topic, held);
  }

  get content(): SinkBook {
    return this.#held.progress;
  }

  /** Writes a change down; throws `PIO_FENCED` when a newer run took over. */
  async change(to: Partial<SinkBook>): Promise<void> {
    this.#held = await this.#store.commit(this.#uid, bookOf(this.#topic), this.#held, { ...this.content, ...to });
  }
}
