import type { AckedRange, CursorSnapshot, PartlyAcked } from '../state/cursor.ts';
import type { EntryKey } from '../state/entry-key.ts';
import type { Database } from './database.ts';

/** Policies of one topic; absent = the namespace decides. */
export interface TopicPolicies {
  readonly deduplicationEnabled?: boolean;
}

/** A topic as stored. `dedupFrom`: entries after it are replayed to rebuild deduplication; null while deduplication is off. */
export interface StoredTopic {
  readonly topicId: number;
  readonly policies: TopicPolicies;
  readonly dedupFrom: EntryKey | null;
  readonly isTerminated: boolean;
}

/** A durable subscription as stored. */
export interface StoredCursor extends CursorSnapshot {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
}

interface TopicRow {
  id: number;
  policies: string;
  dedup_from: number | null;
  is_terminated: number;
}

interface CursorRow {
  name: string;
  mark_delete: number;
  acked: string;
  properties: string;
}

/** Topics, their cursors and their deduplication snapshots. */
export class TopicStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  find(name: string): StoredTopic | undefined {
    const row = this.#db.statement('SELECT * FROM topics WHERE name = ?').get(name) as TopicRow | undefined;
    return (
      row && {
        topicId: row.id,
        policies: JSON.parse(row.policies) as TopicPolicies,
        dedupFrom: row.dedup_from,
        isTerminated: row.is_terminated === 1,
      }
    );
  }

  /** Full name of a topic that is stored. */
  nameOf(topicId: number): string | undefined {
    const row = this.#db.statement('SELECT name FROM topics WHERE id = ?').get(topicId);
    return (row as { name: string } | undefined)?.name;
  }

  create(name: string, dedupFrom: EntryKey | null): StoredTopic {
    const topicId = this.#db.nextNumber('topic');
    this.#db.statement("INSERT INTO topics VALUES(?,?,'{}',?,0)").run(topicId, name, dedupFrom);
    return { topicId, policies: {}, dedupFrom, isTerminated: false };
  }

  /** Names of the topics in `tenant/namespace`, sorted. */
  list(namespace: string): string[] {
    const prefix = `persistent://${namespace}/`;
    const rows = this.#db
      .statement('SELECT name FROM topics WHERE substr(name, 1, ?) = ? ORDER BY name')
      .all(prefix.length, prefix);
    return (rows as { name: string }[]).map(({ name }) => name);
  }

  /** Removes everything of a topic but its ledgers, which the caller lists. */
  delete(topicId: number): void {
    for (const table of ['cursors', 'dedup', 'transaction_entries', 'transaction_acks', 'committed_acks'])
      this.#db.statement(`DELETE FROM ${table} WHERE topic_id = ?`).run(topicId);
    this.#db.statement('DELETE FROM topics WHERE id = ?').run(topicId);
  }

  setPolicies(topicId: number, policies: TopicPolicies): void {
    this.#db.statement('UPDATE topics SET policies = ? WHERE id = ?').run(JSON.stringify(policies), topicId);
  }

  setTerminated(topicId: number): void {
    this.#db.statement('UPDATE topics SET is_terminated = 1 WHERE id = ?').run(topicId);
  }

  cursors(topicId: number): StoredCursor[] {
    const rows = this.#db
      .statement('SELECT * FROM cursors WHERE topic_id = ? ORDER BY name')
      .all(topicId) as unknown as CursorRow[];
    return rows.map(({ name, mark_delete, acked, properties }) => ({
      name,
      markDelete: mark_delete,
      acked: JSON.parse(acked) as AckedRange[],
      properties: JSON.parse(properties) as Record<string, string>,
      committed: this.#committedAcks(topicId, name),
    }));
  }

  saveCursor(topicId: number, cursor: StoredCursor): void {
    this.#db
      .statement('INSERT OR REPLACE INTO cursors VALUES(?,?,?,?,?)')
      .run(topicId, cursor.name, cursor.markDelete, JSON.stringify(cursor.acked), JSON.stringify(cursor.properties));
    this.#saveCommittedAcks(topicId, cursor);
  }

  #saveCommittedAcks(topicId: number, { name, committed = [] }: StoredCursor): void {
    if (committed.length === 0) {
      this.#db.statement('DELETE FROM committed_acks WHERE topic_id = ? AND subscription = ?').run(topicId, name);
      return;
    }
    const batches = JSON.stringify(committed.map(([key, left]) => [key, left.map(String)]));
    this.#db.statement('INSERT OR REPLACE INTO committed_acks VALUES(?,?,?)').run(topicId, name, batches);
  }

  #committedAcks(topicId: number, name: string): PartlyAcked[] {
    const row = this.#db
      .statement('SELECT batches FROM committed_acks WHERE topic_id = ? AND subscription = ?')
      .get(topicId, name);
    const batches = JSON.parse((row as { batches: string } | undefined)?.batches ?? '[]') as [EntryKey, string[]][];
    return batches.map(([key, left]) => [key, left.map(BigInt)]);
  }

  deleteCursor(topicId: number, name: string): void {
    this.#db.statement('DELETE FROM cursors WHERE topic_id = ? AND name = ?').run(topicId, name);
    for (const table of ['transaction_acks', 'committed_acks'])
      this.#db.statement(`DELETE FROM ${table} WHERE topic_id = ? AND subscription = ?`).run(topicId, name);
  }

  dedupSnapshot(topicId: number): [producerName: string, sequenceId: number][] {
    const rows = this.#db.statement('SELECT producer, sequence_id FROM dedup WHERE topic_id = ?').all(topicId);
    return (rows as { producer: string; sequence_id: number }[]).map((row) => [row.producer, row.sequence_id]);
  }

  /** Adds changed names to the snapshot, which then covers every entry up to `dedupFrom`. */
  saveDedup(
    topicId: number,
    changes: readonly [string, number][],
    forgotten: readonly string[],
    dedupFrom: EntryKey,
  ): void {
    for (const name of forgotten)
      this.#db.statement('DELETE FROM dedup WHERE topic_id = ? AND producer = ?').run(topicId, name);
    for (const [name, sequenceId] of changes) {
      this.#db.statement('INSERT OR REPLACE INTO dedup VALUES(?,?,?)').run(topicId, name, sequenceId);
    }
    this.#db.statement('UPDATE topics SET dedup_from = ? WHERE id = ?').run(dedupFrom, topicId);
  }

  /** Forgets the snapshot. `dedupFrom` null = deduplication is off. */
  resetDedup(topicId: number, dedupFrom: EntryKey | null): void {
    this.#db.statement('DELETE FROM dedup WHERE topic_id = ?').run(topicId);
    this.#db.statement('UPDATE topics SET dedup_from = ? WHERE id = ?').run(dedupFrom, topicId);
  }
}
