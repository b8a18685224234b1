import { hash, randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../core/clock.ts';
import { concurrently } from '../core/concurrently.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { InboxBatch, InboxMessage, InboxStore, Manifest } from '../core/inbox.ts';
import type { ItemKey, ItemStore, StoredItem } from '../core/item-store.ts';
import { StoreConflictError } from '../core/store-conflict.ts';
import { type BatchData, chunksOf, isTooLarge, unpack } from './inbox-batches.ts';
import { claimKey, INBOX_BATCH_PREFIX, inboxBatchKey, inboxCounterKey, inboxOf, manifestKey } from './keys.ts';
import { decideAgain } from './lost-races.ts';
import { itemPages } from './pages.ts';

/** Options of {@link inboxStore}. */
export interface InboxStoreOptions {
  readonly clock?: Clock;
  /** From 0 to less than 1: the jitter of retries. */
  readonly random?: () => number;
  /** Never the same twice, in any process: part of the keys of an inbox that keeps no order. */
  readonly newId?: () => string;
}

const REMOVALS_AT_ONCE = 16;

const NEW_MANIFEST: Manifest = { next: 0, rows: [], version: 0 };

/** The inbox over any {@link ItemStore}: one item per received batch, one manifest per connector, one tombstone per message. */
export const inboxStore = (items: ItemStore, options: InboxStoreOptions = {}): InboxStore =>
  new ItemInbox(items, { clock: systemClock, random: Math.random, newId: randomUUID, ...options });

class ItemInbox implements InboxStore {
  readonly #items: ItemStore;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #newId: () => string;

  readonly isTooLarge = isTooLarge;

  constructor(items: ItemStore, { clock, random, newId }: Required<InboxStoreOptions>) {
    this.#items = items;
    this.#clock = clock;
    this.#random = random;
    this.#newId = newId;
  }

  async append(
    uid: string,
    messages: readonly InboxMessage[],
    { ordered }: { readonly ordered: boolean },
    signal?: AbortSignal,
  ): Promise<void> {
    for (const chunk of chunksOf(messages)) {
      const place = ordered ? await this.#nextPlace(uid, signal) : `${padded(this.#clock.nowMs())}-${this.#newId()}`;
      await this.#items.put(inboxBatchKey(uid, place), chunk, { ifVersion: 0 }, signal);
    }
  }

  async waiting(uid: string, without: ReadonlySet<string>, signal?: AbortSignal): Promise<readonly InboxBatch[]> {
    for await (const page of itemPages(this.#items, inboxOf(uid), INBOX_BATCH_PREFIX, signal)) {
      const found = page.map(batchOf).filter(({ key }) => !without.has(key));
      if (found.length > 0) return found;
    }
    return [];
  }

  async read(uid: string, key: string, signal?: AbortSignal): Promise<InboxBatch | undefined> {
    const item = await this.#items.get({ pk: inboxOf(uid), sk: key }, signal);
    return item && batchOf(item);
  }

  async isEmpty(uid: string, signal?: AbortSignal): Promise<boolean> {
    const page = await this.#items.query(inboxOf(uid), { prefix: INBOX_BATCH_PREFIX, limit: 1 }, signal);
    return page.items.length === 0;
  }

  async remove(uid: string, keys: readonly string[], signal?: AbortSignal): Promise<void> {
    // A batch is written once: its version is 1.
    await concurrently(keys, REMOVALS_AT_ONCE, (sk) => this.#items.delete({ pk: inboxOf(uid), sk }, 1, signal));
  }

  async manifest(uid: string, signal?: AbortSignal): Promise<Manifest> {
    const item = await this.#items.get(manifestKey(uid), signal);
    return item ? manifestOf(item) : NEW_MANIFEST;
  }

  async assign(
    held: Manifest,
    uid: string,
    { next, rows }: Omit<Manifest, 'version'>,
    signal?: AbortSignal,
  ): Promise<Manifest> {
    try {
      return manifestOf(await this.#items.put(manifestKey(uid), { next, rows }, { ifVersion: held.version }, signal));
    } catch (cause) {
      if (!(cause instanceof StoreConflictError)) throw cause;
      throw new PulsarIoError('PIO_FENCED', `another publisher of ${uid} numbered messages of its inbox`, { cause });
    }
  }

  async claim(uid: string, id: string, owner: string, expiresAtMs: number, signal?: AbortSignal): Promise<boolean> {
    try {
      await this.#items.put(claimKey(uid, hash('sha256', id)), { owner }, { ifVersion: 0, expiresAtMs }, signal);
      return true;
    } catch (error) {
      if (!(error instanceof StoreConflictError)) throw error;
      // One that expired at this very moment was another's, too.
      return (error.current?.data as { owner: string } | undefined)?.owner === owner;
    }
  }

  async deleteAll(uid: string, signal?: AbortSignal): Promise<void> {
    for await (const page of itemPages(this.#items, inboxOf(uid), '', signal)) {
      await concurrently(page, REMOVALS_AT_ONCE, (item) =>
        decideAgain(item, (current) => this.#delete(current, signal), this.#races, signal),
      );
    }
  }

  get #races() {
    return { clock: this.#clock, random: this.#random };
  }

  async #delete(current: StoredItem | undefined, signal?: AbortSignal): Promise<void> {
    if (current) await this.#items.delete(current.key, current.version, signal);
  }

  /** The version of one item is the number of appends so far: no clock decides what came first. */
  async #nextPlace(uid: string, signal?: AbortSignal): Promise<string> {
    const key = inboxCounterKey(uid);
    const raise = (current: StoredItem | undefined) =>
      this.#items.put(key, null, { ifVersion: current?.version ?? 0 }, signal);
    const { version } = await decideAgain(await this.#items.get(key, signal), raise, this.#races, signal);
    return padded(version);
  }
}

const DIGITS = 16;

const padded = (number: number): string => String(number).padStart(DIGITS, '0');

const batchOf = ({ key, data }: { readonly key: ItemKey; readonly data: unknown }): InboxBatch => ({
  key: key.sk,
  messages: unpack(data as BatchData),
});

const manifestOf = ({ data, version }: StoredItem): Manifest => ({
  ...(data as Omit<Manifest, 'version'>),
  version,
});
