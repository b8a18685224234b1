import { PulsarIoError } from '../../../src/core/errors.ts';
import type { ItemKey, ItemStore, StoredItem } from '../../../src/core/item-store.ts';
import { StoreConflictError } from '../../../src/core/store-conflict.ts';
import { checkKey, encodeData } from '../../../src/stores/item-limits.ts';
import type { Process, Surroundings } from './process.ts';

interface Row {
  readonly key: ItemKey;
  readonly version: number;
  readonly text: string;
}

const PAGE_ITEMS = 100;
/** How often a read that is not consistent misses a write, and for how long after it: DynamoDB names no bound; replicas are up to date within about a second. */
const STALE = { chance: 0.2, ms: 2_000 };

const idOf = ({ pk, sk }: ItemKey): string => `${pk}\n${sk}`;
const itemOf = ({ key, version, text }: Row): StoredItem => ({ key, version, data: JSON.parse(text) });

/** The table of a simulation; every process sees it through a port of its own. */
export class SimulatedTable {
  readonly #rows = new Map<string, Row>();
  /** What the last write of each item replaced. */
  readonly #before = new Map<string, { readonly row: Row | undefined; readonly untilMs: number }>();
  readonly #surroundings: Pick<Surroundings, 'dice' | 'timeline'>;
  /** Writes that were stored, so far. */
  writes = 0;

  constructor(surroundings: Pick<Surroundings, 'dice' | 'timeline'>) {
    this.#surroundings = surroundings;
  }

  #get(key: ItemKey): StoredItem | undefined {
    const row = this.#rows.get(idOf(key));
    return row && itemOf(row);
  }

  /** A read that is not consistent may miss the last write. */
  #look(key: ItemKey): StoredItem | undefined {
    const { dice, timeline } = this.#surroundings;
    const before = this.#before.get(idOf(key));
    const isStale = dice.chance(STALE.chance);
    if (!isStale || !before || before.untilMs < timeline.nowMs) return this.#get(key);
    return before.row && itemOf(before.row);
  }

  #put(key: ItemKey, text: string, ifVersion: number): StoredItem {
    const current = this.#rows.get(idOf(key));
    if ((current?.version ?? 0) !== ifVersion) throw new StoreConflictError(key, ifVersion, current && itemOf(current));
    const row = { key, version: ifVersion + 1, text };
    this.#before.set(idOf(key), { row: current, untilMs: this.#surroundings.timeline.nowMs + STALE.ms });
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
      getMany: (keys, signal) => ask('getMany', signal, () => keys.map((key) => this.#look(key))),
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
