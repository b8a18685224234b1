import { AsyncLocalStorage } from 'node:async_hooks';
import { turn } from '../simulation/timeline.ts';

interface Work {
  readonly what: string;
  /** Simulated answers that it waits for. */
  waiting: number;
}

/** Something real that takes longer in one go hangs. */
const LIMIT_MS = 20_000;

/** Code of a connector, which does real things: simulated time stands while it works, and passes while all that it waits for is simulated. */
export class RealWork {
  readonly #works = new Set<Work>();
  readonly #current = new AsyncLocalStorage<Work>();

  /** Does it; `what` names it should it hang. */
  async do<T>(what: string, act: () => T | Promise<T>): Promise<T> {
    const work: Work = { what, waiting: 0 };
    this.#works.add(work);
    try {
      return await this.#current.run(work, act);
    } finally {
      this.#works.delete(work);
    }
  }

  /** Waits, within real work, for something simulated: until it comes, time passes. */
  async simulated<T>(ask: () => Promise<T>): Promise<T> {
    const work = this.#current.getStore();
    if (!work) return ask();
    work.waiting += 1;
    try {
      return await ask();
    } finally {
      work.waiting -= 1;
    }
  }

  /** Resolves when nothing real is going on. Throws when that does not happen within {@link LIMIT_MS} real milliseconds. */
  readonly done = async (): Promise<void> => {
    await turn();
    const startMs = performance.now();
    for (let busy = this.#busy(); busy; busy = this.#busy()) {
      if (performance.now() - startMs > LIMIT_MS)
        throw new Error(`${busy.what} has not ended after ${LIMIT_MS / 1_000} s of real time`);
      await turn();
    }
  };

  #busy(): Work | undefined {
    return [...this.#works].find(({ waiting }) => waiting === 0);
  }
}
