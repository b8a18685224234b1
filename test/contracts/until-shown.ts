/** Kills come by chance: a delivery that shows nothing, because none came where it matters, is made again, at most so often in all. */
const MOST_DELIVERIES = 3;

/** Makes deliveries until one shows what a test looks for; answers with the last one. */
export const untilShown = async <T>(deliver: () => Promise<T>, shows: (result: T) => boolean): Promise<T> => {
  for (let left = MOST_DELIVERIES; ; left--) {
    const result = await deliver();
    if (left === 1 || shows(result)) return result;
  }
};
