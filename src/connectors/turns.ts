/** Lets work that must not overlap follow one another, in the order it came. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when all work before it has ended, however it ended. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
