import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type Clock, systemClock } from '../../core/clock.ts';
import type { ItemKey, ItemPage, ItemStore, PutOptions, StoredItem } from '../../core/item-store.ts';
import { StoreConflictError } from '../../core/store-conflict.ts';
import { throwIfAborted } from '../abort.ts';
import { checkKey, encodeData, itemName } from '../item-limits.ts';
import { isBusy, isUncertain, sqliteError } from './errors.ts';
import { type ItemRow, openDatabase, prepareStatements, type SqliteSettings } from './schema.ts';

/** Options of {@link sqliteItemStore}. */
export interface SqliteOptions extends Partial<SqliteSettings> {
  /** Tells what has expired, and waits between tries to open. */
  readonly clock?: Clock;
}

/** A page ends after the item that reaches this, as DynamoDB's do. */
const PAGE_BYTES = 1024 * 1024;
const DEFAULT_LIMIT = 1000;
const WRITES_PER_PURGE = 1000;
const OPEN_TRIES = 50;
const OPEN_WAIT_MS = 50;

/**
 * An {@link ItemStore} in one SQLite file (`:memory:` for tests) that any number of processes and threads may open at once.
 * Every write is one statement, so it is atomic, and visible to all others when it resolves.
 * Throws `PIO_STORE_UNAVAILABLE` when the file cannot be opened.
 */
export const sqliteItemStore = async (path: string, options: SqliteOptions = {}): Promise<ItemStore> => {
  const { clock = systemClock, busyTimeoutMs = 5_000, synchronous = 'NORMAL', maxBytes } = options;
  const file = path === ':memory:' ? path : resolve(path);
  const settings = { busyTimeoutMs, synchronous, ...(maxBytes !== undefined && { maxBytes }) };
  return new SqliteItemStore(file, await openPatiently(file, settings, clock), clock);
};

/** Of openers that switch a new file to WAL at the same moment, some get SQLITE_BUSY at once in spite of the busy timeout (seen in 1 of 100). */
const openPatiently = async (file: string, settings: SqliteSettings, clock: Clock): Promise<DatabaseSync> => {
  for (let tries = 1; ; tries++) {
    try {
      return openDatabase(file, settings);
    } catch (error) {
      if (!isBusy(error) || tries === OPEN_TRIES) throw sqliteError(error, file, 'opening');
      await clock.sleep(OPEN_WAIT_MS * Math.random());
    }
  }
};

class SqliteItemStore implements ItemStore {
  readonly #file: string;
  readonly #db: DatabaseSync;
  readonly #clock: Clock;
  readonly #statements: ReturnType<typeof prepareStatements>;
  #writes = 0;

  constructor(file: string, db: DatabaseSync, clock: Clock) {
    this.#file = file;
    this.#db = db;
    this.#clock = clock;
    this.#statements = prepareStatements(db);
  }

  async get(key: ItemKey, signal?: AbortSignal): Promise<StoredItem | undefined> {
    checkKey(key);
    return this.#call(`reading ${itemName(key)}`, signal, () => this.#read(key));
  }

  async getMany(keys: readonly ItemKey[], signal?: AbortSignal): Promise<readonly (StoredItem | undefined)[]> {
    return this.#call(`reading ${keys.length} items`, signal, () => keys.map((key) => this.#read(key)));
  }

  async put(key: ItemKey, data: unknown, options: PutOptions, signal?: AbortSignal): Promise<StoredItem> {
    checkKey(key);
    const text = encodeData(key, data);
    return this.#call(`writing ${itemName(key)}`, signal, () => {
      this.#purge();
      if (this.#write(key, text, options)) return { key, version: options.ifVersion + 1, data: JSON.parse(text) };
      throw new StoreConflictError(key, options.ifVersion, this.#read(key));
    });
  }

  async delete(key: ItemKey, ifVersion: number, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    this.#call(`deleting ${itemName(key)}`, signal, () => {
      if (this.#statements.delete.run(key.pk, key.sk, ifVersion).changes === 1) return;
      const current = this.#read(key);
      if (current) throw new StoreConflictError(key, ifVersion, current);
    });
  }

  async query(
    pk: string,
    { prefix = '', after = '', limit = DEFAULT_LIMIT }: { prefix?: string; after?: string; limit?: number },
    signal?: AbortSignal,
  ): Promise<ItemPage> {
    return this.#call(`querying ${pk} ${prefix}`, signal, () => {
      const items: StoredItem[] = [];
      let bytes = 0;
      // One row more than the limit tells whether there is a next page.
      for (const found of this.#statements.query.iterate({ pk, prefix, after, limit: limit + 1 })) {
        const last = items.at(-1);
        if (last && (items.length === limit || bytes >= PAGE_BYTES)) return { items, next: last.key.sk };
        const row = found as unknown as ItemRow;
        bytes += row.data.length;
        items.push(itemOf({ pk, sk: row.sk }, row));
      }
      return { items };
    });
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close();
  }

  #call<T>(doing: string, signal: AbortSignal | undefined, work: () => T): T {
    throwIfAborted(signal, doing);
    try {
      return work();
    } catch (error) {
      throw sqliteError(error, this.#file, doing);
    }
  }

  #row(key: ItemKey): ItemRow | undefined {
    return this.#statements.get.get(key.pk, key.sk) as unknown as ItemRow | undefined;
  }

  #read(key: ItemKey): StoredItem | undefined {
    const row = this.#row(key);
    return row && itemOf(key, row);
  }

  /** Whether the item had the version. After a disk error the write id tells whether this very write is there (GUARANTEES rule 19). */
  #write(
    key: ItemKey,
    text: string,
    { ifVersion, expiresAtMs = null }: { ifVersion: number; expiresAtMs?: number | null },
  ): boolean {
    const { insert, update } = this.#statements;
    const writeId = randomUUID();
    const values = [text, writeId, expiresAtMs, key.pk, key.sk] as const;
    try {
      return (ifVersion === 0 ? insert.run(...values) : update.run(...values, ifVersion)).changes === 1;
    } catch (error) {
      if (isUncertain(error) && this.#row(key)?.write_id === writeId) return true;
      throw error;
    }
  }

  /** Drops expired items before the first write and now and then. It may fail: the write that follows tells what is wrong. */
  #purge(): void {
    if (this.#writes++ % WRITES_PER_PURGE !== 0) return;
    try {
      this.#statements.purge.run(this.#clock.nowMs());
    } catch {}
  }
}

const itemOf = (key: ItemKey, { version, data }: ItemRow): StoredItem => ({ key, version, data: JSON.parse(data) });
