import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { InboxMessage } from '../../src/core/inbox.ts';
import type { ItemStore } from '../../src/core/item-store.ts';
import { inboxStore } from '../../src/stores/inbox.ts';
import { manualClock, type OpenStore, refusal } from './store-fixtures.ts';

const message = (id: string, text = id): InboxMessage => ({ id, value: Buffer.from(text) });
const EVERYTHING: ReadonlySet<string> = new Set();
const NEVER = 4_000_000_000_000;

/** What the inbox must do over every item store. */
export const inboxContract = (open: OpenStore): void => {
  describe('inbox', () => {
    let items: ItemStore;
    let uid: string;
    beforeEach(async () => {
      items = await open();
      uid = randomUUID();
    });
    afterEach(async () => items.close());

    const idsIn = async (without = EVERYTHING) =>
      (await inboxStore(items).waiting(uid, without)).flatMap(({ messages }) => messages.map(({ id }) => id));

    test('keeps a batch as it came until it is removed', async () => {
      const inbox = inboxStore(items);
      const full: InboxMessage = {
        id: 'ü',
        value: Buffer.from([255, 0]),
        key: 'k',
        properties: { a: 'b' },
        eventTimeMs: 7,
      };
      await inbox.append(uid, [full, { id: 'null', value: null }, message('')], { ordered: false });
      const [batch] = await inbox.waiting(uid, EVERYTHING);
      expect(batch?.messages).toEqual([full, { id: 'null', value: null }, message('')]);
      expect(await inbox.read(uid, batch?.key as string)).toEqual(batch);
      expect(await inbox.isEmpty(uid)).toBe(false);
      for (let times = 0; times < 2; times++) await inbox.remove(uid, [batch?.key as string]);
      expect({ read: await inbox.read(uid, batch?.key as string), isEmpty: await inbox.isEmpty(uid) }).toEqual({
        read: undefined,
        isEmpty: true,
      });
    });

    test('stores more than an item takes in several, in their order', async () => {
      const many = Array.from({ length: 30 }, (_, n) => message(`m${n}`, 'x'.repeat(50_000)));
      await inboxStore(items).append(uid, many, { ordered: true });
      const seen = new Set<string>();
      const found: string[] = [];
      for (;;) {
        const page = await inboxStore(items).waiting(uid, seen);
        if (page.length === 0) break;
        for (const { key, messages } of page) {
          seen.add(key);
          found.push(...messages.map(({ id }) => id));
        }
      }
      expect(found).toEqual(many.map(({ id }) => id));
      expect(seen.size).toBeGreaterThan(4);
    });

    test('tells a message that no item takes, and takes every other', async () => {
      const inbox = inboxStore(items);
      const fits = message('a', 'x'.repeat(357_000));
      expect([inbox.isTooLarge(fits), inbox.isTooLarge(message('a', 'x'.repeat(359_000)))]).toEqual([false, true]);
      expect(inbox.isTooLarge(message('a', '"'.repeat(200_000)))).toBe(true);
      await inbox.append(uid, [fits], { ordered: false });
      expect(await idsIn()).toEqual(['a']);
    });

    test('keeps the order of appends that follow one another, whatever their clocks say', async () => {
      for (const [n, nowMs] of [5_000, 3_000, 9_000, 1_000].entries())
        await inboxStore(items, { clock: manualClock(nowMs) }).append(uid, [message(`${n}`)], { ordered: true });
      expect(await idsIn()).toEqual(['0', '1', '2', '3']);
    });

    test('loses none of many appends at once', async () => {
      const ids = Array.from({ length: 12 }, (_, n) => `${n}`);
      await Promise.all(ids.map((id) => inboxStore(items).append(uid, [message(id)], { ordered: true })));
      expect((await idsIn()).toSorted()).toEqual(ids.toSorted());
    });

    test('gives an id to the first who claims it, and to the same owner again', async () => {
      const inbox = inboxStore(items);
      const claim = (id: string, owner: string) => inbox.claim(uid, id, owner, NEVER);
      const long = 'x'.repeat(5_000);
      expect([await claim('a', '#1'), await claim('a', '#2'), await claim('a', '#1')]).toEqual([true, false, true]);
      expect([await claim('b', '#2'), await claim(long, '#3'), await claim(`${long}!`, '#4')]).toEqual([
        true,
        true,
        true,
      ]);
      const racers = await Promise.all(Array.from({ length: 8 }, (_, n) => claim('race', `${n}`)));
      expect(racers.filter(Boolean)).toHaveLength(1);
    });

    test('lets one of two publishers number what waits', async () => {
      const inbox = inboxStore(items);
      const held = await inbox.manifest(uid);
      expect(held).toEqual({ next: 0, rows: [], version: 0 });
      const rows = [{ key: 'a', from: 0, count: 2 }];
      expect(await inbox.assign(held, uid, { next: 2, rows })).toEqual({ next: 2, rows, version: 1 });
      await expect(inbox.assign(held, uid, { next: 5, rows: [] })).rejects.toMatchObject(refusal('PIO_FENCED'));
      expect(await inbox.manifest(uid)).toEqual({ next: 2, rows, version: 1 });
    });

    test('removes all but the tombstones', async () => {
      const inbox = inboxStore(items);
      await inbox.append(uid, [message('a')], { ordered: true });
      await inbox.assign(await inbox.manifest(uid), uid, { next: 1, rows: [] });
      await inbox.claim(uid, 'a', '#0', NEVER);
      for (let times = 0; times < 2; times++) await inbox.deleteAll(uid);
      expect(await inbox.isEmpty(uid)).toBe(true);
      expect((await inbox.manifest(uid)).version).toBe(0);
      expect(await inbox.claim(uid, 'a', '#1', NEVER)).toBe(false);
    });
  });
};
