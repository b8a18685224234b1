import { AsyncLocalStorage } from 'node:async_hooks';
import { turn } from '../simulation/timeline.ts';

interface Work {
  readonly what: string;
  /** Works of one group may wait for each other. */
  readonly group: object;
  /** Simulated answers that it waits for. */
  waiting: number;
  /** When it began, or last got such an answer, in real milliseconds. */
  sinceMs: number;
}

/** Something real that takes longer in one go hangs. */
const LIMIT_MS = 60_000;
/** After so long it may be that it waits for another work of its group, which waits for something simulated. */
const GRACE_MS = 50;

/** Code of a connector, which does real things: simulated time stands while it works, and passes while all that it waits for is simulated. */
export class RealWork {
  readonly #works = new Set<Work>();
  readonly #current = new AsyncLocalStorage<Work>();

  /** Does it for a process; `what` names it should it hang. */
  async do<T>(group: object, what: string, act: () => T | Promise<T>): Promise<T> {
    const work: Work = { what, group, waiting: 0, sinceMs: performance.now() };
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
      work.sinceMs = performance.now();
    }
  }

  /** Resolves when nothing real is going on. Throws when that does not happen within {@link LIMIT_MS} real milliseconds. */
  readonly done = async (): Promise<void> => {
    await turn();
    for (let busy = this.#busy(); busy; busy = this.#busy()) {
      if (performance.now() - busy.sinceMs > LIMIT_MS)
        throw new Error(`${busy.what} has not ended after ${LIMIT_MS / 1_000} s of real time`);
      await turn();
    }
  };

  #busy(): Work | undefined {
    const works = [...this.#works];
    const waiting = new Set(works.flatMap((work) => (work.waiting > 0 ? work.group : [])));
    const isBlocked = ({ group, sinceMs }: Work) => waiting.has(group) && performance.now() - sinceMs > GRACE_MS;
    return works.find((work) => work.waiting === 0 && !isBlocked(work));
  }
}
