import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ItemKey, ItemStore, StoredItem } from '../../src/core/item-store.ts';
import { StoreConflictError } from '../../src/core/store-conflict.ts';

/** The conflict that a write ends with. */
export const conflictOf = async (write: Promise<unknown>): Promise<StoreConflictError> => {
  const error = await write.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StoreConflictError)) throw new Error('expected a StoreConflictError', { cause: error });
  return error;
};

/** How many of the writes succeeded; all others must have ended in a conflict. */
export const countWinners = async (writes: readonly Promise<unknown>[]): Promise<number> => {
  const ended = await Promise.allSettled(writes);
  for (const end of ended) if (end.status === 'rejected') expect(end.reason).toBeInstanceOf(StoreConflictError);
  return ended.filter(({ status }) => status === 'fulfilled').length;
};

const readAll = async (
  store: ItemStore,
  pk: string,
  limit: number,
): Promise<{ pages: number; items: StoredItem[] }> => {
  const items: StoredItem[] = [];
  for (let pages = 1, after: string | undefined; ; pages++) {
    const page = await store.query(pk, { limit, ...(after !== undefined && { after }) });
    items.push(...page.items);
    if (page.next === undefined) return { pages, items };
    after = page.next;
  }
};

/** What every {@link ItemStore} must do. Each call of `open` opens the same table anew; each test works under a partition key of its own. */
export const itemStoreContract = (name: string, open: () => Promise<ItemStore>): void => {
  describe(`${name} as an item store`, () => {
    let store: ItemStore;
    let key: ItemKey;
    const at = (sk: string): ItemKey => ({ pk: key.pk, sk });

    beforeEach(async () => {
      store = await open();
      key = { pk: `test#${randomUUID()}`, sk: 'item' };
    });
    afterEach(async () => store.close());

    describe('reading and writing', () => {
      test('gives undefined for an item that is missing', async () => {
        expect(await store.get(key)).toBeUndefined();
      });

      test('gives version 1 to the first write and one more to each', async () => {
        const data = { text: 'æ 漢 🙂 \u0000 \ud800', list: [1, null, { a: true }], none: null };
        expect(await store.put(key, data, { ifVersion: 0 })).toEqual({ key, version: 1, data });
        expect(await store.get(key)).toEqual({ key, version: 1, data });
        expect(await store.put(key, [2], { ifVersion: 1 })).toEqual({ key, version: 2, data: [2] });
        expect(await store.get(key)).toEqual({ key, version: 2, data: [2] });
      });

      test('resolves a write with the data as a later read gives it', async () => {
        const written = await store.put(key, { at: new Date(0), left: undefined }, { ifVersion: 0 });
        expect(written.data).toStrictEqual({ at: '1970-01-01T00:00:00.000Z' });
        expect((await store.get(key))?.data).toStrictEqual(written.data);
      });

      test('gives many items in the order of their keys, and undefined for those that are missing', async () => {
        const keys = Array.from({ length: 230 }, (_, index) => at(`many-${index}`));
        for (const [index, each] of keys.entries()) if (index % 3 > 0) await store.put(each, index, { ifVersion: 0 });
        const found = await store.getMany([...keys, keys[1] as ItemKey]);
        expect(found.map((item) => item?.data)).toEqual([...keys.map((_, i) => (i % 3 > 0 ? i : undefined)), 1]);
        expect(found[1]).toEqual({ key: keys[1], version: 1, data: 1 });
        expect(await store.getMany([])).toEqual([]);
      });

      test('refuses a first write of an item that exists, and names it', async () => {
        await store.put(key, 'first', { ifVersion: 0 });
        const conflict = await conflictOf(store.put(key, 'second', { ifVersion: 0 }));
        expect(conflict.code).toBe('PIO_STORE_CONFLICT');
        expect(conflict.current).toEqual({ key, version: 1, data: 'first' });
      });

      test('refuses a write of a stale version and of a version that is not there yet', async () => {
        await store.put(key, 'a', { ifVersion: 0 });
        await store.put(key, 'b', { ifVersion: 1 });
        for (const ifVersion of [1, 3])
          expect((await conflictOf(store.put(key, 'c', { ifVersion }))).current).toEqual({
            key,
            version: 2,
            data: 'b',
          });
      });

      test('refuses a write of a version when nothing is there', async () => {
        expect((await conflictOf(store.put(key, 'x', { ifVersion: 1 }))).current).toBeUndefined();
        expect(await store.get(key)).toBeUndefined();
      });

      test('lets exactly one of two racers write', async () => {
        const other = await open();
        try {
          for (let ifVersion = 0; ifVersion < 20; ifVersion++) {
            const racers = [store, other].flatMap((racer) => [1, 2].map((n) => racer.put(key, n, { ifVersion })));
            expect(await countWinners(racers)).toBe(1);
          }
        } finally {
          await other.close();
        }
      });

      test('shows a write to another opener at once', async () => {
        const other = await open();
        try {
          for (let version = 1; version <= 20; version++) {
            await store.put(key, version, { ifVersion: version - 1 });
            expect((await other.get(key))?.version).toBe(version);
          }
        } finally {
          await other.close();
        }
      });

      test('keeps an item whose expiry is still to come', async () => {
        await store.put(key, 1, { ifVersion: 0, expiresAtMs: Date.now() + 3_600_000 });
        expect((await store.get(key))?.data).toBe(1);
      });
    });

    describe('deleting', () => {
      test('deletes the version it was told', async () => {
        await store.put(key, 1, { ifVersion: 0 });
        await store.delete(key, 1);
        expect(await store.get(key)).toBeUndefined();
        expect((await store.put(key, 2, { ifVersion: 0 })).version).toBe(1);
      });

      test('refuses to delete another version', async () => {
        await store.put(key, 'a', { ifVersion: 0 });
        await store.put(key, 'b', { ifVersion: 1 });
        expect((await conflictOf(store.delete(key, 1))).current).toEqual({ key, version: 2, data: 'b' });
        expect((await store.get(key))?.data).toBe('b');
      });

      test('takes an item that is gone as deleted', async () => {
        await store.delete(key, 1);
        await store.put(key, 1, { ifVersion: 0 });
        await store.delete(key, 1);
        await store.delete(key, 1);
      });
    });

    describe('querying', () => {
      test('gives an empty last page for a partition key that is missing', async () => {
        expect(await store.query(key.pk, {})).toEqual({ items: [] });
      });

      test('orders sort keys by their UTF-8 bytes', async () => {
        const keys = ['a', 'B', 'a/b', 'ä', '漢', '\uffee', '🙂', 'a b', 'a#1', 'a#10', 'a#2'];
        for (const sk of keys) await store.put(at(sk), sk, { ifVersion: 0 });
        const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        const { items } = await store.query(key.pk, {});
        expect(items).toEqual(sorted.map((sk) => ({ key: at(sk), version: 1, data: sk })));
        expect((await readAll(store, key.pk, 3)).items).toEqual(items);
      });

      test('gives what starts with the prefix and nothing else', async () => {
        const keys = ['ckpt#', 'ckpt#1', 'ckpt#%', 'ckpt#_', 'ckpt#\u{10ffff}x', 'ckpt$', 'ckpt"', 'CKPT#1', 'lease#0'];
        for (const sk of keys) await store.put(at(sk), null, { ifVersion: 0 });
        await store.put({ pk: `${key.pk}x`, sk: 'ckpt#2' }, null, { ifVersion: 0 });
        const { items } = await store.query(key.pk, { prefix: 'ckpt#' });
        expect(items.map((item) => item.key.sk)).toEqual(['ckpt#', 'ckpt#%', 'ckpt#1', 'ckpt#_', 'ckpt#\u{10ffff}x']);
      });

      test('goes on after a key that may be gone, before the prefix or beyond it', async () => {
        for (const sk of ['p1', 'p2', 'p3']) await store.put(at(sk), null, { ifVersion: 0 });
        const keysAfter = async (sk: string) =>
          (await store.query(key.pk, { prefix: 'p', after: sk })).items.map((item) => item.key.sk);
        expect(await keysAfter('p1')).toEqual(['p2', 'p3']);
        expect(await keysAfter('p1x')).toEqual(['p2', 'p3']);
        expect(await keysAfter('a')).toEqual(['p1', 'p2', 'p3']);
        expect(await keysAfter('p3')).toEqual([]);
        expect(await keysAfter('q')).toEqual([]);
      });

      test('pages by the limit', async () => {
        for (let n = 0; n < 7; n++) await store.put(at(`k${n}`), n, { ifVersion: 0 });
        const first = await store.query(key.pk, { limit: 3 });
        expect(first.items).toHaveLength(3);
        expect(first.next).toBe('k2');
        const { items, pages } = await readAll(store, key.pk, 3);
        expect(items.map(({ data }) => data)).toEqual([0, 1, 2, 3, 4, 5, 6]);
        expect(pages).toBe(3);
      });

      test('ends a page at about 1 MB without a limit', async () => {
        const data = 'x'.repeat(300 * 1024);
        for (let n = 0; n < 7; n++) await store.put(at(`k${n}`), data, { ifVersion: 0 });
        const first = await store.query(key.pk, {});
        expect(first.items.length).toBeLessThan(7);
        expect(first.next).toBeDefined();
        const { items } = await readAll(store, key.pk, 100);
        expect(items.map((item) => item.key.sk)).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `k${n}`));
      });
    });

    describe('limits', () => {
      test('stores 350 KB and refuses more', async () => {
        const fits = 'x'.repeat(350 * 1024 - 2);
        expect((await store.put(key, fits, { ifVersion: 0 })).version).toBe(1);
        expect((await store.get(key))?.data).toBe(fits);
        const tooBig = store.put(key, `${fits}y`, { ifVersion: 1 });
        await expect(tooBig).rejects.toMatchObject({
          code: 'PIO_PAYLOAD_TOO_LARGE',
          message: `item ${key.pk} item would have 358401 bytes; the store takes at most 358400 bytes of JSON in one item`,
        });
        expect((await store.get(key))?.version).toBe(1);
      });

      test('counts bytes of UTF-8, not characters', async () => {
        await expect(store.put(key, '漢'.repeat(120 * 1024), { ifVersion: 0 })).rejects.toMatchObject({
          code: 'PIO_PAYLOAD_TOO_LARGE',
        });
      });

      test('stores the longest keys and refuses longer, empty and ill-formed ones', async () => {
        const longest = { pk: key.pk.padEnd(2048, 'p'), sk: 's'.repeat(1024) };
        await store.put(longest, 1, { ifVersion: 0 });
        expect((await store.get(longest))?.data).toBe(1);
        const wrong = [
          { ...key, pk: 'p'.repeat(2049) },
          at('s'.repeat(1025)),
          at(''),
          { ...key, pk: '' },
          at('\ud800'),
        ];
        for (const bad of wrong) {
          await expect(store.put(bad, 1, { ifVersion: 0 })).rejects.toMatchObject({ code: 'PIO_REQUEST_INVALID' });
          await expect(store.get(bad)).rejects.toMatchObject({ code: 'PIO_REQUEST_INVALID' });
        }
      });

      test('refuses data that is not JSON', async () => {
        const circle: { self?: unknown } = {};
        circle.self = circle;
        for (const bad of [undefined, circle, 1n, () => 1])
          await expect(store.put(key, bad, { ifVersion: 0 })).rejects.toMatchObject({ code: 'PIO_INTERNAL' });
      });
    });

    describe('aborting', () => {
      test('does nothing when the signal is aborted before the call', async () => {
        const signal = AbortSignal.abort(new Error('the run ends'));
        const aborted = { code: 'PIO_ABORTED', cause: signal.reason };
        await expect(store.put(key, 1, { ifVersion: 0 }, signal)).rejects.toMatchObject(aborted);
        await expect(store.get(key, signal)).rejects.toMatchObject(aborted);
        await expect(store.delete(key, 1, signal)).rejects.toMatchObject(aborted);
        await expect(store.query(key.pk, {}, signal)).rejects.toMatchObject(aborted);
        expect(await store.get(key)).toBeUndefined();
      });
    });
  });
};
