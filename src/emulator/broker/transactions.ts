import { ServerError } from '../../pulsar/protocol/enums.ts';
import { BrokerError } from './errors.ts';
import { flushCursors } from './maintenance.ts';
import type { BrokerSettings } from './options.ts';
import type { CommitQueue } from './storage/commit-queue.ts';
import type { Database } from './storage/database.ts';
import type { TopicStore } from './storage/topic-store.ts';
import type { TransactionStore } from './storage/transaction-store.ts';
import type { Topic } from './topic.ts';
import { parseTopicName } from './topic-name.ts';
import type { Topics } from './topics.ts';

const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** No deadline is later: far enough for any clock, and exact as a number. */
const LATEST_DEADLINE_MS = 2 ** 52;

/** What the coordinator works on. */
export interface TransactionsParts {
  readonly db: Database;
  readonly store: TransactionStore;
  readonly topicStore: TopicStore;
  readonly topics: Topics;
  readonly commits: CommitQueue;
  readonly settings: BrokerSettings;
}

/** The transaction coordinator: begins and ends transactions, and aborts those whose time is over. */
export class Transactions {
  readonly #parts: TransactionsParts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: TransactionsParts) {
    this.#parts = parts;
  }

  /**
   * Begins a transaction that is aborted after `timeoutMs`. Throws `BrokerError` NotAllowedError when as many are open as may be: a broker with
   * `maxActiveTransactionsPerCoordinator` says nothing then, and its clients wait until they give up.
   */
  begin(timeoutMs: number): number {
    const { store, settings } = this.#parts;
    const { maxOpenTransactions } = settings;
    if (store.openCount() >= maxOpenTransactions) {
      throw new BrokerError(
        ServerError.NotAllowedError,
        `${maxOpenTransactions} transactions are open, the most there may be`,
      );
    }
    const deadlineMs = Math.min(settings.now() + timeoutMs, LATEST_DEADLINE_MS);
    const transaction = store.begin(deadlineMs);
    this.watch();
    return transaction;
  }

  /** Throws `BrokerError` TransactionNotFound for one that ended or never was; a broker too forgets those that ended. */
  requireOpen(transaction: number): void {
    if (this.#parts.store.isOpen(transaction)) return;
    throw new BrokerError(ServerError.TransactionNotFound, `The transaction (0,${transaction}) was not found`);
  }

  /** Ends a transaction in one transaction of the database, so that a kill leaves all of it or nothing. Throws `BrokerError` TransactionNotFound. */
  end(transaction: number, isCommitted: boolean): void {
    const { db, store, topicStore, topics, commits } = this.#parts;
    commits.flush();
    this.requireOpen(transaction);
    const involved = store.topicIds(transaction).flatMap((topicId) => this.#topic(topicId) ?? []);
    try {
      db.transaction(() => {
        store.end(transaction, isCommitted);
        for (const topic of involved) {
          topic.transactionEnded(transaction, isCommitted);
          flushCursors(topicStore, topic);
        }
      });
    } catch (error) {
      for (const topic of involved) topics.forget(topic);
      throw error;
    }
    for (const topic of involved) topic.wake();
    this.watch();
  }

  /** Aborts what is overdue, and sets the timer for what comes next. */
  watch(): void {
    const { store, settings } = this.#parts;
    this.stop();
    const next = store.nextDeadline();
    if (next === undefined) return;
    const waitMs = Math.min(Math.max(0, next.deadlineMs - settings.now()), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => this.#abortOverdue(), waitMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #abortOverdue(): void {
    const { store, settings } = this.#parts;
    for (let next = store.nextDeadline(); next && next.deadlineMs <= settings.now(); next = store.nextDeadline()) {
      settings.log(`transaction (0,${next.transaction}) was not ended in time: aborted`);
      this.end(next.transaction, false);
    }
    this.watch();
  }

  #topic(topicId: number): Topic | undefined {
    const name = this.#parts.topicStore.nameOf(topicId);
    return name === undefined ? undefined : this.#parts.topics.find(parseTopicName(name));
  }
}
