import { type Clock, systemClock } from '../core/clock.ts';
import type { ItemStore, StoredItem } from '../core/item-store.ts';
import { StoreConflictError } from '../core/store-conflict.ts';
import type { Trigger, TriggerStore } from '../core/trigger-store.ts';
import { TRIGGERS, triggerKey } from './keys.ts';
import { decideAgain } from './lost-races.ts';
import { itemPages } from './pages.ts';

/** Options of {@link triggerStore}. */
export interface TriggerStoreOptions {
  readonly clock?: Clock;
  /** From 0 to less than 1: the jitter of retries. */
  readonly random?: () => number;
}

const triggerOf = ({ data }: StoredItem): Trigger => data as Trigger;

/** Triggers over any {@link ItemStore}: one item per queue. */
export const triggerStore = (items: ItemStore, options: TriggerStoreOptions = {}): TriggerStore => {
  const races = { clock: options.clock ?? systemClock, random: options.random ?? Math.random };
  return {
    find: async (arn, signal) => {
      const item = await items.get(triggerKey(arn), signal);
      return item && triggerOf(item);
    },

    claim: async (trigger, signal) => {
      try {
        return triggerOf(await items.put(triggerKey(trigger.arn), trigger, { ifVersion: 0 }, signal));
      } catch (error) {
        if (!(error instanceof StoreConflictError)) throw error;
        return error.current ? triggerOf(error.current) : trigger;
      }
    },

    release: async (arn, uid, signal) => {
      const key = triggerKey(arn);
      const remove = async (current: StoredItem | undefined): Promise<void> => {
        if (current && triggerOf(current).uid === uid) await items.delete(key, current.version, signal);
      };
      await decideAgain(await items.get(key, signal), remove, races, signal);
    },

    list: async (signal) => {
      const found: Trigger[] = [];
      for await (const page of itemPages(items, TRIGGERS, '', signal)) found.push(...page.map(triggerOf));
      return found;
    },
  };
};
