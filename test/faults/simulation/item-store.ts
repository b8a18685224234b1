import { PulsarIoError } from '../../../src/core/errors.ts';
import type { ItemKey, ItemStore, StoredItem } from '../../../src/core/item-store.ts';
import { StoreConflictError } from '../../../src/core/store-conflict.ts';
import { checkKey, encodeData } from '../../../src/stores/item-limits.ts';
import type { Dice } from './dice.ts';
import type { Process } from './process.ts';

interface Row {
  readonly key: ItemKey;
  readonly version: number;
  readonly text: string;
}

const PAGE_ITEMS = 100;
/** How often a read that is not consistent is late. */
const STALE = 0.2;

const idOf = ({ pk, sk }: ItemKey): string => `${pk}\n${sk}`;
const itemOf = ({ key, version, text }: Row): StoredItem => ({ key, version, data: JSON.parse(text) });

/** The table of a simulation; every process sees it through a port of its own. */
export class SimulatedTable {
  readonly #rows = new Map<string, Row>();
  /** What the last write of each item replaced. */
  readonly #before = new Map<string, Row | undefined>();
  readonly #dice: Dice;
  /** Writes that were stored, so far. */
  writes = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  #get(key: ItemKey): StoredItem | undefined {
    const row = this.#rows.get(idOf(key));
    return row && itemOf(row);
  }

  /** A read that is not consistent may miss the last write. */
  #look(key: ItemKey, isStale: boolean): StoredItem | undefined {
    if (!isStale || !this.#before.has(idOf(key))) return this.#get(key);
    const before = this.#before.get(idOf(key));
    return before && itemOf(before);
  }

  #put(key: ItemKey, text: string, ifVersion: number): StoredItem {
    const current = this.#rows.get(idOf(key));
    if ((current?.version ?? 0) !== ifVersion) throw new StoreConflictError(key, ifVersion, current && itemOf(current));
    const row = { key, version: ifVersion + 1, text };
    this.#before.set(idOf(key), current);
    this.#rows.set(idOf(key), row);
    this.writes += 1;
    return itemOf(row);
  }

  #delete(key: ItemKey, ifVersion: number): void {
    const current = this.#rows.get(idOf(key));
    if (current && current.version !== ifVersion) throw new StoreConflictError(key, ifVersion, itemOf(current));
    this.#rows.delete(idOf(key));
  }

  #query(
    pk: string,
    { prefix = '', after = '', limit = PAGE_ITEMS }: { prefix?: string; after?: string; limit?: number },
  ) {
    const found = [...this.#rows.values()]
      .filter(({ key }) => key.pk === pk && key.sk.startsWith(prefix) && key.sk > after)
      .sort((a, b) => (a.key.sk < b.key.sk ? -1 : 1));
    const items = found.slice(0, limit).map(itemOf);
    const next = found.length > limit ? items.at(-1)?.key.sk : undefined;
    return { items, ...(next !== undefined && { next }) };
  }

  /** Data of one item: for a reader that is no process. */
  read(key: ItemKey): unknown {
    return this.#get(key)?.data;
  }

  /** Everything stored under a partition key: for a reader that is no process. */
  all(pk: string): readonly StoredItem[] {
    return this.#query(pk, { limit: Number.MAX_SAFE_INTEGER }).items;
  }

  /** The table as a process sees it. */
  portOf(process: Process): ItemStore {
    const ask = <T>(port: string, signal: AbortSignal | undefined, effect: () => T): Promise<T> =>
      process.request({ port: `store.${port}`, signal, effect, failure: unavailable });
    return {
      get: (key, signal) => ask('get', signal, () => this.#get(key)),
      getMany: (keys, signal) =>
        ask('getMany', signal, () => keys.map((key) => this.#look(key, this.#dice.chance(STALE)))),
      put: async (key, data, { ifVersion }, signal) => {
        checkKey(key);
        const text = encodeData(key, data);
        return ask('put', signal, () => this.#put(key, text, ifVersion));
      },
      delete: (key, ifVersion, signal) => ask('delete', signal, () => this.#delete(key, ifVersion)),
      query: (pk, options, signal) => ask('query', signal, () => this.#query(pk, options)),
      close: async () => undefined,
    };
  }
}

const unavailable = (kind: 'refused' | 'lost'): Error =>
  new PulsarIoError('PIO_STORE_UNAVAILABLE', kind === 'lost' ? 'the answer was lost' : 'the store is throttled');
