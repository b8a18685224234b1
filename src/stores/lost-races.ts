import type { Clock } from '../core/clock.ts';
import type { StoredItem } from '../core/item-store.ts';
import { StoreConflictError } from '../core/store-conflict.ts';

const MAX_TRIES = 12;
const MAX_WAIT_MS = 500;

/** What {@link decideAgain} waits with. */
export interface RaceOptions {
  readonly clock: Clock;
  /** From 0 to less than 1: the jitter of the waits. */
  readonly random: () => number;
}

/**
 * Decides and writes with the item as read, and when another write came in between, again with the item that it left:
 * at once the first time, then after waits that grow, with jitter. Throws the last {@link StoreConflictError} after 12 tries.
 */
export const decideAgain = async <T>(
  start: StoredItem | undefined,
  attempt: (current: StoredItem | undefined) => Promise<T>,
  { clock, random }: RaceOptions,
  signal?: AbortSignal,
): Promise<T> => {
  let current = start;
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(current);
    } catch (error) {
      if (!(error instanceof StoreConflictError) || tries === MAX_TRIES) throw error;
      current = error.current;
    }
    // A sleep fails only when it is aborted, which the next call of the store reports.
    if (tries > 1) await clock.sleep(random() * Math.min(MAX_WAIT_MS, 10 * 2 ** tries), signal).catch(() => {});
  }
};
