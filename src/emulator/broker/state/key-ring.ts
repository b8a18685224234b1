import { murmur3 } from '../../../core/murmur3.ts';

/** Slots of Key_Shared: 1…65535; slot 0 is not used. */
export const SLOT_COUNT = 65536;
const POINTS_PER_CONSUMER = 100;

/** The slot of a sticky key, or of a ring point. */
export function slotOf(key: Uint8Array): number {
  return murmur3(key) % SLOT_COUNT || 1;
}

/** Chooses the consumer that owns a slot. */
export interface SlotOwners<Consumer> {
  /** Undefined when nobody owns the slot (sticky ranges may leave holes). */
  select(slot: number): Consumer | undefined;
}

/**
 * AUTO_SPLIT: consistent hash ring, 100 points per consumer at the slot of `name NUL index NUL point`, owner = next point at or after the slot
 * (ConsistentHashingStickyKeyConsumerSelector). `index` counts consumers of the same name. A point that is taken stays with the earlier consumer.
 */
export function hashRing<Consumer extends { readonly name: string }>(
  consumers: readonly Consumer[],
): SlotOwners<Consumer> {
  const points = new Map<number, Consumer>();
  const seen = new Map<string, number>();
  for (const consumer of consumers) {
    const index = seen.get(consumer.name) ?? 0;
    seen.set(consumer.name, index + 1);
    for (let point = 0; point < POINTS_PER_CONSUMER; point++) {
      const slot = slotOf(Buffer.from(`${consumer.name}\0${index}\0${point}`));
      if (!points.has(slot)) points.set(slot, consumer);
    }
  }
  const slots = [...points.keys()].sort((a, b) => a - b);
  return { select: (slot) => points.get(slots[ceilIndex(slots, slot) % slots.length] as number) };
}

function ceilIndex(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Inclusive range of slots. */
export interface SlotRange {
  readonly start: number;
  readonly end: number;
}

/** STICKY: each consumer owns the ranges it asked for. */
export function stickyRanges<Consumer extends { readonly ranges: readonly SlotRange[] }>(
  consumers: readonly Consumer[],
): SlotOwners<Consumer> {
  return {
    select: (slot) => consumers.find(({ ranges }) => ranges.some(({ start, end }) => slot >= start && slot <= end)),
  };
}

/** Why these ranges cannot be assigned beside those of other consumers, or undefined. */
export function stickyRangeProblem(ranges: readonly SlotRange[], taken: readonly SlotRange[]): string | undefined {
  if (ranges.length === 0) return 'Ranges for KeyShared policy must not be empty.';
  if (ranges.some(({ start, end }) => start > end || start < 0 || end >= SLOT_COUNT))
    return 'Key-shared range must be within 0 and 65535, start before end';
  const others = [...taken];
  for (const range of ranges) {
    const clash = others.find(({ start, end }) => range.start <= end && start <= range.end);
    if (clash) return `Range conflict with [${clash.start}, ${clash.end}]`;
    others.push(range);
  }
  return undefined;
}
