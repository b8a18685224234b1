/** What an invocation opened and may leave behind when it is frozen or killed in mid-flight. */
interface Destroyable {
  destroy(): void;
}

/**
 * Sessions of this sandbox. The only state that outlives an invocation, and only to be destroyed: a session that an earlier invocation
 * left open would go on sending when the sandbox thaws (GUARANTEES rule 12). Destroyed, not closed: closing flushes.
 */
const leftovers = new Set<Destroyable>();

/** Destroys whatever earlier invocations of this sandbox left open. Call it first in every invocation. */
export const destroyLeftovers = (): void => {
  for (const leftover of leftovers) leftover.destroy();
  leftovers.clear();
};

/** Runs `work` with `resource` on the list of what the next invocation must destroy. */
export const tracked = async <R extends Destroyable, T>(resource: R, work: (resource: R) => Promise<T>): Promise<T> => {
  leftovers.add(resource);
  try {
    return await work(resource);
  } finally {
    leftovers.delete(resource);
  }
};
