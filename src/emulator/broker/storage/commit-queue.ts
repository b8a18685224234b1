import type { Database } from './database.ts';
import type { Entry } from './entry.ts';
import type { EntryLog } from './entry-log.ts';

/** The topic that entries are appended to. */
export interface AppendTarget {
  readonly log: EntryLog;
  /** Once per group, after each of its appends was told. */
  groupCommitted(): void;
}

/** Told once, after the commit, in the order of the appends; `error` undefined = durable, else nothing of the group is stored. */
export type AppendTold = (error: Error | undefined) => void;

interface Append {
  readonly target: AppendTarget;
  readonly entry: Entry;
  readonly told: AppendTold;
}

/**
 * Group commit: appends of one turn of the event loop become one transaction, and are told only after it. Bounded by what the sockets deliver
 * in one turn.
 */
export class CommitQueue {
  readonly #db: Database;
  #waiting: Append[] = [];
  #timer: NodeJS.Immediate | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  append(target: AppendTarget, entry: Entry, told: AppendTold): void {
    this.#waiting.push({ target, entry, told });
    this.#timer ??= setImmediate(() => this.flush());
  }

  /** Commits what is waiting, now. */
  flush(): void {
    const group = this.discard();
    if (group.length === 0) return;
    const error = this.#store(group);
    const targets = new Set(group.map(({ target }) => target));
    if (error) for (const { log } of targets) log.discardUncommitted();
    for (const { target, entry, told } of group) {
      if (!error) target.log.committed(entry);
      told(error);
    }
    for (const target of targets) target.groupCommitted();
  }

  /** Takes out what is waiting; a killed process forgets it. */
  discard(): readonly Append[] {
    clearImmediate(this.#timer);
    this.#timer = undefined;
    const group = this.#waiting;
    this.#waiting = [];
    return group;
  }

  #store(group: readonly Append[]): Error | undefined {
    try {
      this.#db.transaction(() => {
        for (const { target, entry } of group) target.log.insert(entry);
      });
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}
