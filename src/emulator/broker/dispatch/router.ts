import { KeySharedMode, ServerError } from '../../../pulsar/protocol/enums.ts';
import { BrokerError } from '../errors.ts';
import { hashRing, type SlotOwners, stickyRangeProblem, stickyRanges } from '../state/key-ring.ts';
import type { Entry } from '../storage/entry.ts';
import type { Consumer } from './consumer.ts';

/** Chooses who gets an entry of a subscription with several active consumers. */
export interface Router {
  /** True when entries of one slot must stay in order, so that a blocked entry blocks those after it. */
  readonly isOrdered: boolean;
  /** Throws `BrokerError` when `consumer` cannot join `others`. */
  check(consumer: Consumer, others: readonly Consumer[]): void;
  /** These are the consumers from now on, in the order in which they came. */
  changed(consumers: readonly Consumer[]): void;
  /** Undefined when nobody can take an entry of this slot now. */
  pick(slot: number): Consumer | undefined;
  /** `consumer` was sent an entry of the slot and holds it. */
  delivered(slot: number, consumer: Consumer, chunk?: Entry['chunk']): void;
  /** `consumer` holds an entry of the slot no longer: it was acknowledged, or is to be delivered again. */
  released(slot: number, consumer: Consumer): void;
}

/** Shared: round robin over the available consumers of the lowest priority level that has any. All chunks of a message go to the consumer of the first. */
export function roundRobin(): Router {
  let consumers: readonly Consumer[] = [];
  const chunkOwners = new Map<number, Consumer>();
  let turn = 0;
  const next = (level: number | undefined): Consumer | undefined => {
    for (let i = 0; i < consumers.length; i++) {
      const candidate = consumers[(turn + i) % consumers.length] as Consumer;
      if (!candidate.isAvailable || (level !== undefined && candidate.options.priorityLevel !== level)) continue;
      turn = (turn + i + 1) % consumers.length;
      return candidate;
    }
    return undefined;
  };
  return {
    isOrdered: false,
    check: () => {},
    changed: (all) => {
      consumers = all;
      for (const [slot, owner] of chunkOwners) if (!all.includes(owner)) chunkOwners.delete(slot);
    },
    pick: (slot) => {
      const owner = chunkOwners.get(slot);
      if (owner !== undefined) return owner.isAvailable ? owner : undefined;
      const levels = new Set(consumers.map(({ options }) => options.priorityLevel));
      if (levels.size <= 1) return next(undefined);
      for (const level of [...levels].sort((a, b) => a - b)) {
        const found = next(level);
        if (found) return found;
      }
      return undefined;
    },
    delivered: (slot, consumer, chunk) => {
      if (chunk === 'part') chunkOwners.set(slot, consumer);
      else if (chunk === 'last') chunkOwners.delete(slot);
    },
    released: () => {},
  };
}

/**
 * Key_Shared: a slot has one owner. While an earlier owner holds unacknowledged entries of a slot, the new owner gets none of it ("draining
 * hashes"), unless its consumers allow reordering. All consumers of a subscription have the first one's mode.
 */
export function keyRouter(mode: KeySharedMode, mayReorder: boolean): Router {
  let owners: SlotOwners<Consumer> | undefined;
  const holders = new Map<number, { consumer: Consumer; entries: number }>();
  return {
    isOrdered: true,
    check(consumer, others) {
      const isSticky = consumer.options.ranges !== undefined;
      if (isSticky !== (mode === KeySharedMode.STICKY) || consumer.options.mayReorder !== mayReorder) {
        throw new BrokerError(ServerError.ConsumerBusy, 'Subscription has another Key_Shared policy');
      }
      const problem = isSticky
        ? stickyRangeProblem(
            consumer.ranges,
            others.flatMap(({ ranges }) => ranges),
          )
        : undefined;
      if (problem) throw new BrokerError(ServerError.ConsumerAssignError, problem);
    },
    changed(consumers) {
      if (consumers.length === 0) owners = undefined;
      else owners = mode === KeySharedMode.STICKY ? stickyRanges(consumers) : hashRing(consumers);
    },
    pick(slot) {
      const owner = owners?.select(slot);
      if (!owner?.isAvailable) return undefined;
      const holder = holders.get(slot);
      return mayReorder || holder === undefined || holder.consumer === owner ? owner : undefined;
    },
    delivered(slot, consumer) {
      const holder = holders.get(slot);
      if (holder) holder.entries++;
      else holders.set(slot, { consumer, entries: 1 });
    },
    released(slot) {
      const holder = holders.get(slot);
      if (holder && --holder.entries === 0) holders.delete(slot);
    },
  };
}
