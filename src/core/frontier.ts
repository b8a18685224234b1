import { compareMessageIds, type MessageIdParts } from './message-id.ts';

/** The last settled message of a topic-partition: everything up to it, in log order, is settled. */
export interface Frontier {
  readonly ledgerId: number;
  readonly entryId: number;
  /** Index in the batch of that entry; `WHOLE_ENTRY` when the entry is settled as a whole. */
  readonly batchIndex: number;
  /** Version given to the message at the frontier (GUARANTEES rule 28): microseconds, strictly increasing along the log. */
  readonly version: number;
}

/** Batch index of a frontier that covers its entry completely: what a mark-delete position means. */
export const WHOLE_ENTRY = Number.MAX_SAFE_INTEGER;

/** The frontier before the first message of any topic. */
export const FRONTIER_START: Frontier = { ledgerId: -1, entryId: -1, batchIndex: -1, version: 0 };

/** True when the message lies at or below the frontier: settled already. */
export const isSettled = (id: MessageIdParts, frontier: Frontier): boolean => compareMessageIds(id, frontier) <= 0;

/** The frontier that a mark-delete position stands for: the whole entry. */
export const frontierAtMarkDelete = (markDelete: MessageIdParts | undefined, version = 0): Frontier =>
  markDelete && markDelete.ledgerId >= 0
    ? { ledgerId: markDelete.ledgerId, entryId: markDelete.entryId, batchIndex: WHOLE_ENTRY, version }
    : { ...FRONTIER_START, version };

/** True for equal places with equal versions. */
export const isSameFrontier = (a: Frontier, b: Frontier): boolean =>
  compareMessageIds(a, b) === 0 && a.version === b.version;

/**
 * Version of a message: its publish time in microseconds, or one more than its predecessor's where producers'
 * clocks tie or run backwards. Pure, so that a replay from a stored (frontier, version) gives equal versions.
 */
export const nextVersion = (previousVersion: number, publishTimeMs: number): number =>
  Math.max(publishTimeMs * 1000, previousVersion + 1);
