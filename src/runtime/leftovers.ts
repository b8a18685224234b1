/** What an invocation opened and may leave behind when it is frozen or killed in mid-flight. */
interface Destroyable {
  destroy(): void;
}

/**
 * Sessions of one sandbox. The only state that outlives an invocation, and only to be destroyed: a session that an earlier invocation
 * left open would go on sending when the sandbox thaws (GUARANTEES rule 12). Destroyed, not closed: closing flushes.
 */
export class Leftovers {
  readonly #open = new Set<Destroyable>();

  /** Destroys whatever earlier invocations of this sandbox left open. Call it first in every invocation. */
  destroyAll(): void {
    for (const leftover of this.#open) leftover.destroy();
    this.#open.clear();
  }

  /** Runs `work` with `resource` on the list of what the next invocation must destroy. */
  async tracked<R extends Destroyable, T>(resource: R, work: (resource: R) => Promise<T>): Promise<T> {
    this.#open.add(resource);
    try {
      return await work(resource);
    } finally {
      this.#open.delete(resource);
    }
  }
}
