import type { PartitionStatus } from './instance-status.ts';
import type { SourceProgress } from './progress.ts';

/** Source partitions that a status names. */
const SHOWN_PARTITIONS = 100;

/** How far an instance of a log source has got with its partitions, over its runs: for its status. */
export class PartitionProgress {
  readonly #partitions: Map<string, PartitionStatus>;

  constructor(before: Readonly<Record<string, PartitionStatus>> = {}) {
    this.#partitions = new Map(Object.entries(before));
  }

  /** Notes what was committed. */
  reached(partition: string, { position, sequence }: SourceProgress, nowMs: number): void {
    if (!this.#partitions.has(partition) && this.#partitions.size >= SHOWN_PARTITIONS) return;
    this.#partitions.set(partition, { position, sequence, timestampMs: nowMs });
  }

  /** For the instance's status. */
  get all(): Readonly<Record<string, PartitionStatus>> {
    return Object.fromEntries(this.#partitions);
  }
}
