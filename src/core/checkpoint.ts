import type { Token } from './token.ts';

/**
 * Progress of one source partition or of one topic-partition of a sink, as stored: `T` is a {@link SourceProgress} or a
 * {@link SinkProgress}. Every write raises the item's version, and every write is conditional on it, so a run that was fenced
 * can never write again.
 */
export interface Checkpoint<T> {
  readonly token: Token;
  readonly progress: T;
  readonly version: number;
}

/** Stored progress, fenced on open. */
export interface CheckpointStore {
  /** Progress as stored, without fencing; for status and positions. */
  read<T>(uid: string, partition: string, signal?: AbortSignal): Promise<Checkpoint<T> | undefined>;
  /**
   * Fence on open (GUARANTEES rule 15): stores `token` and returns the progress as of that write (`initial` when there was none).
   * `onFence` may change the progress in the same write (mark it dirty). Throws `PIO_FENCED` when the stored token is newer or equal.
   */
  fence<T>(
    uid: string,
    partition: string,
    token: Token,
    initial: T,
    onFence?: (stored: T) => T,
    signal?: AbortSignal,
  ): Promise<Checkpoint<T> & { readonly before: T }>;
  /** Stores new progress if nobody fenced since; throws `PIO_FENCED` otherwise. */
  commit<T>(
    uid: string,
    partition: string,
    held: Checkpoint<T>,
    progress: T,
    signal?: AbortSignal,
  ): Promise<Checkpoint<T>>;
  /** Names of the partitions that have progress stored. */
  list(uid: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** Removes all that is stored for a connector: checkpoints, leases, status. Safe to repeat. */
  deleteAll(uid: string, signal?: AbortSignal): Promise<void>;
}
