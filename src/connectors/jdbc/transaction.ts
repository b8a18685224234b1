import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../core/clock.ts';
import { throwIfAborted } from '../abort.ts';
import { Turns } from '../turns.ts';
import { isBusy, sqliteError } from './errors.ts';

const BUSY_POLL_MS = 10;

/** Runs a statement that another writer may block, again and again up to a deadline; between the attempts the event loop runs. */
export class Patience {
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Throws what `attempt` throws once it is not for a lock, or for a lock at the deadline; `PIO_ABORTED` when the run ends meanwhile. */
  async run<T>(attempt: () => T, doing: string, signal: AbortSignal): Promise<T> {
    const deadlineMs = this.#clock.monotonicMs() + this.#timeoutMs;
    for (;;) {
      throwIfAborted(signal, doing);
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error) || this.#clock.monotonicMs() >= deadlineMs) throw error;
      }
      await this.#clock.sleep(BUSY_POLL_MS, signal).catch(() => undefined);
    }
  }
}

/** One connection's transactions, one after another. */
export class Transactions {
  readonly #database: DatabaseSync;
  readonly #patience: Patience;
  readonly #what: string;
  readonly #turns = new Turns();

  /** `what` names the database in error messages. */
  constructor(database: DatabaseSync, patience: Patience, what: string) {
    this.#database = database;
    this.#patience = patience;
    this.#what = what;
  }

  /** Runs `work` when no other call of this method is under way. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(work);
  }

  /** Takes the write lock. Throws `PIO_SINK_UNAVAILABLE` when another writer keeps it. */
  async begin(signal: AbortSignal): Promise<void> {
    const doing = `beginning a transaction in ${this.#what}`;
    await this.#patience
      .run(() => this.#database.exec('BEGIN IMMEDIATE'), doing, signal)
      .catch((error) => {
        throw sqliteError(error, doing);
      });
  }

  /** Commits. When it throws, the transaction is rolled back as far as SQLite can say. */
  async commit(signal: AbortSignal): Promise<void> {
    try {
      await this.#patience.run(() => this.#database.exec('COMMIT'), `committing to ${this.#what}`, signal);
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Rolls back, unless SQLite has done so already. */
  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
  }
}
