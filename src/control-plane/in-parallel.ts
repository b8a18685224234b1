/** How many calls of the store or of Lambda are made at once. */
const AT_ONCE = 10;

/** Calls `work` for every item, ten at a time; resolves with the results in order, rejects with the first failure. */
export const inParallel = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(work))));
  }
  return results;
};
