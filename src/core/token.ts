/**
 * Fencing token of a run: compared lexicographically, generation first.
 * The generation rises when the meaning of a sequence or frontier changes, the epoch with each acquired lease and each fence.
 */
export interface Token {
  readonly generation: number;
  readonly epoch: number;
}

/** Negative when `a` is older than `b`, 0 when equal, positive when newer. */
export const compareTokens = (a: Token, b: Token): number => a.generation - b.generation || a.epoch - b.epoch;

/** Fences that one run may set up: attempts, and partitions read again. */
const FENCES_PER_RUN = 2 ** 20;

/**
 * Tokens of one run, each newer than the one before: what an earlier attempt of the same run left in flight is fenced like another run's.
 * The lease's epoch dominates, so every token of a successor is newer than all of these.
 */
export const tokensOf = (generation: number, leaseEpoch: number): (() => Token) => {
  let fences = 0;
  return () => ({ generation, epoch: leaseEpoch * FENCES_PER_RUN + fences++ });
};
