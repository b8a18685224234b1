import { type EntryKey, keyOf, LEDGER_SPAN } from '../state/entry-key.ts';
import type { Ledger } from '../state/ledger-index.ts';
import type { Database } from './database.ts';
import type { Entry } from './entry.ts';

interface EntryRow {
  id: number;
  publish_ms: number;
  messages: number;
  is_batch: number;
  slot: number;
  deliver_at_ms: number;
  data: Uint8Array;
}

/** Entries and ledgers of all topics. Ledger ids come from one counter, so those of a re-created topic are larger (T4). */
export class EntryStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  insert(entry: Entry): void {
    this.#db
      .statement('INSERT INTO entries VALUES(?,?,?,?,?,?,?)')
      .run(entry.key, entry.publishTimeMs, entry.messages, kindOf(entry), entry.slot, entry.deliverAtMs, entry.data);
  }

  /** Existing entries in [from, to] in order, read lazily so that the caller may stop at any size. */
  *read(from: EntryKey, to: EntryKey, limit: number): Generator<Entry> {
    const rows = this.#db
      .statement('SELECT * FROM entries WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?')
      .iterate(from, to, limit);
    for (const row of rows as unknown as Iterable<EntryRow>) yield entryOf(row);
  }

  readOne(key: EntryKey): Entry | undefined {
    const row = this.#db.statement('SELECT * FROM entries WHERE id = ?').get(key) as EntryRow | undefined;
    return row && entryOf(row);
  }

  /** The first entry in [from, to] published at or after `timeMs`. */
  firstPublishedSince(timeMs: number, from: EntryKey, to: EntryKey): EntryKey | undefined {
    const row = this.#db
      .statement('SELECT id FROM entries WHERE id BETWEEN ? AND ? AND publish_ms >= ? ORDER BY id LIMIT 1')
      .get(from, to, timeMs) as { id: number } | undefined;
    return row?.id;
  }

  /** Ledgers of a topic, oldest first, with what is in them. */
  ledgers(topicId: number): Ledger[] {
    const ledgers = this.#db
      .statement('SELECT id, created_ms FROM ledgers WHERE topic_id = ? ORDER BY id')
      .all(topicId);
    return (ledgers as { id: number; created_ms: number }[]).map(({ id, created_ms }) => {
      const sums = this.#db
        .statement(
          'SELECT COUNT(*) AS entries, COALESCE(SUM(LENGTH(data)), 0) AS bytes FROM entries WHERE id BETWEEN ? AND ?',
        )
        .get(keyOf(id, 0), keyOf(id, LEDGER_SPAN)) as { entries: number; bytes: number };
      return { ledgerId: id, createdAtMs: created_ms, ...sums };
    });
  }

  createLedger(topicId: number, nowMs: number): Ledger {
    const ledgerId = this.#db.nextNumber('ledger');
    this.#db.statement('INSERT INTO ledgers VALUES(?,?,?)').run(ledgerId, topicId, nowMs);
    return { ledgerId, createdAtMs: nowMs, entries: 0, bytes: 0 };
  }

  deleteLedger(ledgerId: number): void {
    this.#db
      .statement('DELETE FROM entries WHERE id BETWEEN ? AND ?')
      .run(keyOf(ledgerId, 0), keyOf(ledgerId, LEDGER_SPAN));
    this.#db.statement('DELETE FROM ledgers WHERE id = ?').run(ledgerId);
  }
}

/** Value of `is_batch`: 0 a message alone, 1 a batch, 2 a chunk, 3 a last chunk. */
function kindOf({ isBatch, chunk }: Entry): number {
  if (chunk !== undefined) return chunk === 'part' ? 2 : 3;
  return isBatch ? 1 : 0;
}

function entryOf(row: EntryRow): Entry {
  return {
    key: row.id,
    publishTimeMs: row.publish_ms,
    messages: row.messages,
    isBatch: row.is_batch === 1,
    chunk: row.is_batch === 2 ? 'part' : row.is_batch === 3 ? 'last' : undefined,
    slot: row.slot,
    deliverAtMs: row.deliver_at_ms,
    data: row.data,
  };
}
