import type { EntryKey } from '../state/entry-key.ts';
import type { PendingAck } from '../state/pending-acks.ts';
import type { Database } from './database.ts';

/** An entry of an open or an aborted transaction. */
export interface TransactionEntry {
  readonly key: EntryKey;
  readonly transaction: number;
  readonly isAborted: boolean;
}

/** An acknowledgement in an open transaction. */
export interface TransactionAck {
  readonly subscription: string;
  readonly transaction: number;
  readonly ack: PendingAck;
}

/** Open transactions with their entries and acknowledgements; of ended ones only what aborted ones published, while it is stored. */
export class TransactionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Begins a transaction; ids grow from 1. */
  begin(deadlineMs: number): number {
    return this.#db.transaction(() => {
      const transaction = this.#db.nextNumber('transaction');
      this.#db.statement('INSERT INTO transactions VALUES(?,?)').run(transaction, deadlineMs);
      return transaction;
    });
  }

  /** How many are open. */
  openCount(): number {
    const row = this.#db.statement('SELECT COUNT(*) AS count FROM transactions').get();
    return (row as { count: number }).count;
  }

  isOpen(transaction: number): boolean {
    return this.#db.statement('SELECT 1 FROM transactions WHERE id = ?').get(transaction) !== undefined;
  }

  /** The open transaction whose time is over first. */
  nextDeadline(): { readonly transaction: number; readonly deadlineMs: number } | undefined {
    const row = this.#db.statement('SELECT * FROM transactions ORDER BY deadline_ms, id LIMIT 1').get();
    const found = row as { id: number; deadline_ms: number } | undefined;
    return found && { transaction: found.id, deadlineMs: found.deadline_ms };
  }

  addEntry(transaction: number, topicId: number, key: EntryKey): void {
    this.#db.statement('INSERT INTO transaction_entries VALUES(?,?,?,0)').run(key, transaction, topicId);
  }

  addAck(topicId: number, { subscription, transaction, ack }: TransactionAck): void {
    this.#db
      .statement('INSERT INTO transaction_acks VALUES(NULL,?,?,?,?)')
      .run(transaction, topicId, subscription, JSON.stringify({ ...ack, left: ack.left?.map(String) }));
  }

  /** Ids of the topics that a transaction published to or acknowledged on. */
  topicIds(transaction: number): number[] {
    const rows = this.#db
      .statement(
        'SELECT topic_id FROM transaction_entries WHERE transaction_id = ? UNION SELECT topic_id FROM transaction_acks WHERE transaction_id = ?',
      )
      .all(transaction, transaction);
    return (rows as { topic_id: number }[]).map(({ topic_id }) => topic_id);
  }

  /** Entries of open and aborted transactions in a topic, in log order. */
  entries(topicId: number): TransactionEntry[] {
    const rows = this.#db
      .statement('SELECT entry, transaction_id, is_aborted FROM transaction_entries WHERE topic_id = ? ORDER BY entry')
      .all(topicId);
    return (rows as { entry: number; transaction_id: number; is_aborted: number }[]).map((row) => ({
      key: row.entry,
      transaction: row.transaction_id,
      isAborted: row.is_aborted === 1,
    }));
  }

  /** Acknowledgements of open transactions in a topic, in the order in which they came. */
  acks(topicId: number): TransactionAck[] {
    const rows = this.#db
      .statement('SELECT transaction_id, subscription, ack FROM transaction_acks WHERE topic_id = ? ORDER BY id')
      .all(topicId);
    return (rows as { transaction_id: number; subscription: string; ack: string }[]).map((row) => {
      const ack = JSON.parse(row.ack) as Omit<PendingAck, 'left'> & { left?: string[] };
      return {
        subscription: row.subscription,
        transaction: row.transaction_id,
        ack: { ...ack, left: ack.left?.map(BigInt) },
      };
    });
  }

  /** Ends a transaction: what it published is there, or aborted. Call in the transaction of the database that applies its acknowledgements. */
  end(transaction: number, isCommitted: boolean): void {
    const entries = isCommitted
      ? 'DELETE FROM transaction_entries WHERE transaction_id = ?'
      : 'UPDATE transaction_entries SET is_aborted = 1 WHERE transaction_id = ?';
    this.#db.statement(entries).run(transaction);
    this.#db.statement('DELETE FROM transaction_acks WHERE transaction_id = ?').run(transaction);
    this.#db.statement('DELETE FROM transactions WHERE id = ?').run(transaction);
  }

  /** Forgets the entries in [from, to], which are deleted. */
  deleteEntries(from: EntryKey, to: EntryKey): void {
    this.#db.statement('DELETE FROM transaction_entries WHERE entry BETWEEN ? AND ?').run(from, to);
  }
}
