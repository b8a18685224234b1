/** Limits of a back-off, in milliseconds. */
export interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Capped exponential back-off with full-range jitter in its upper half: the `failures`-th wait (1 = first), in milliseconds. */
export const backoffMs = (
  failures: number,
  { firstMs, maxMs }: BackoffLimits,
  random: () => number = Math.random,
): number => {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
};
