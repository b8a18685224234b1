import type { Checkpoint, CheckpointStore } from '../core/checkpoint.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { SourceProgress } from '../core/progress.ts';

/** Where a source pipeline commits its progress: a stored checkpoint, or for a pushed event the answer to its sender. */
export interface ProgressPort {
  /** Progress as of the last commit. */
  readonly progress: SourceProgress;
  /** Makes the progress with `change` applied durable; throws `PIO_FENCED` when a newer run took over. */
  commit(change: Partial<SourceProgress>): Promise<void>;
}

/** The checkpoint of one source partition as a run holds it after its fence: `progress` is what is stored. */
export class SourceCheckpoint implements ProgressPort {
  readonly #store: CheckpointStore;
  readonly #uid: string;
  readonly #partition: string;
  #held: Checkpoint<SourceProgress>;

  constructor(store: CheckpointStore, uid: string, partition: string, held: Checkpoint<SourceProgress>) {
    this.#store = store;
    this.#uid = uid;
    this.#partition = partition;
    this.#held = held;
  }

  get progress(): SourceProgress {
    return this.#held.progress;
  }

  /** Throws `PIO_FENCED` when a newer run fenced this one since its last commit. */
  async requireHeld(signal: AbortSignal): Promise<void> {
    const stored = await this.#store.read<SourceProgress>(this.#uid, this.#partition, signal);
    if (stored?.version === this.#held.version) return;
    throw new PulsarIoError('PIO_FENCED', `a newer run fenced source partition ${this.#partition}`);
  }

  async commit(change: Partial<SourceProgress>): Promise<void> {
    const progress = { ...this.#held.progress, ...change };
    this.#held = await this.#store.commit(this.#uid, this.#partition, this.#held, progress);
  }
}
