import type { Checkpoint, CheckpointStore } from '../core/checkpoint.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { ItemKey, ItemStore, StoredItem } from '../core/item-store.ts';
import { StoreConflictError } from '../core/store-conflict.ts';
import { compareTokens, type Token } from '../core/token.ts';
import { CHECKPOINT_PREFIX, checkpointKey, connectorState } from './keys.ts';
import { decideAgain } from './lost-races.ts';
import { itemPages } from './pages.ts';

/** Options of {@link checkpointStore}. */
export interface CheckpointStoreOptions {
  readonly clock?: Clock;
  /** From 0 to less than 1: the jitter of retries. */
  readonly random?: () => number;
}

const DELETES_AT_ONCE = 25;

interface CheckpointData<T> {
  readonly token: Token;
  readonly progress: T;
}

const checkpointOf = <T>({ data, version }: StoredItem): Checkpoint<T> => {
  const { token, progress } = data as CheckpointData<T>;
  return { token, progress, version };
};

/** Checkpoints over any {@link ItemStore}: one item per partition, fenced by its token, every write conditional on its version. */
export const checkpointStore = (items: ItemStore, options: CheckpointStoreOptions = {}): CheckpointStore => {
  const { clock = systemClock, random = Math.random } = options;
  const races = { clock, random };
  return {
    read: async <T>(uid: string, partition: string, signal?: AbortSignal) => {
      const item = await items.get(checkpointKey(uid, partition), signal);
      return item && checkpointOf<T>(item);
    },

    fence: async <T>(
      uid: string,
      partition: string,
      token: Token,
      initial: T,
      onFence: (stored: T) => T = (stored) => stored,
      signal?: AbortSignal,
    ) => {
      const key = checkpointKey(uid, partition);
      const attempt = async (current: StoredItem | undefined) => {
        const stored = current && checkpointOf<T>(current);
        if (stored && compareTokens(stored.token, token) >= 0) throw fencedError(key, 'fence', token, stored.token);
        const before = stored ? stored.progress : initial;
        const data: CheckpointData<T> = { token, progress: onFence(before) };
        // The progress as of this very write (GUARANTEES rule 15), not of the read before it.
        return { ...checkpointOf<T>(await items.put(key, data, { ifVersion: stored?.version ?? 0 }, signal)), before };
      };
      return decideAgain(await items.get(key, signal), attempt, races, signal);
    },

    commit: async <T>(uid: string, partition: string, held: Checkpoint<T>, progress: T, signal?: AbortSignal) => {
      const key = checkpointKey(uid, partition);
      const data: CheckpointData<T> = { token: held.token, progress };
      try {
        return checkpointOf<T>(await items.put(key, data, { ifVersion: held.version }, signal));
      } catch (error) {
        if (!(error instanceof StoreConflictError)) throw error;
        throw fencedError(key, 'commit', held.token, error.current && checkpointOf(error.current).token, error);
      }
    },

    list: async (uid, signal) => {
      const partitions: string[] = [];
      for await (const page of itemPages(items, connectorState(uid), CHECKPOINT_PREFIX, signal))
        partitions.push(...page.map(({ key }) => key.sk.slice(CHECKPOINT_PREFIX.length)));
      return partitions;
    },

    deleteAll: async (uid, signal) => {
      // From the start each time, until nothing is left: a run that ends late may have written behind us.
      for (;;) {
        const { items: found } = await items.query(connectorState(uid), { limit: DELETES_AT_ONCE }, signal);
        if (found.length === 0) return;
        const remove = (current: StoredItem | undefined) => deleteItem(items, current, signal);
        await Promise.all(found.map((item) => decideAgain(item, remove, races, signal)));
      }
    },
  };
};

const deleteItem = async (items: ItemStore, current: StoredItem | undefined, signal?: AbortSignal): Promise<void> => {
  if (current) await items.delete(current.key, current.version, signal);
};

const show = ({ generation, epoch }: Token): string => `(${generation}, ${epoch})`;

const fencedError = (
  { pk, sk }: ItemKey,
  doing: string,
  token: Token,
  stored: Token | undefined,
  cause?: unknown,
): PulsarIoError =>
  new PulsarIoError(
    'PIO_FENCED',
    `${doing} of ${pk} ${sk} with token ${show(token)} refused: ${stored ? `stored is ${show(stored)}` : 'it is gone'}`,
    { cause },
  );
