import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ItemStore } from '../../src/core/item-store.ts';
import { checkpointStore } from '../../src/stores/checkpoints.ts';
import { leaseStore } from '../../src/stores/leases.ts';
import { registry } from '../../src/stores/registry.ts';
import {
  losingAnswers,
  manualClock,
  type OpenStore,
  overtaken,
  refusal,
  SKEW_MS,
  START_MS,
  sink,
  TTL_MS,
} from './store-fixtures.ts';

interface Progress {
  readonly frontier: number;
  readonly clean: boolean;
}

const NOTHING: Progress = { frontier: 0, clean: true };
const dirty = (progress: Progress): Progress => ({ ...progress, clean: false });
const token = (epoch: number, generation = 1) => ({ generation, epoch });

/** What checkpoints must do over every item store. */
export const checkpointContract = (open: OpenStore): void => {
  describe('checkpoints', () => {
    let items: ItemStore;
    let uid: string;
    const over = (store: ItemStore) => checkpointStore(store, { clock: manualClock(START_MS) });

    beforeEach(async () => {
      items = await open();
      uid = randomUUID();
    });
    afterEach(async () => items.close());

    test('reads undefined where nothing was stored', async () => {
      expect(await over(items).read(uid, 'p0')).toBeUndefined();
    });

    test('fences a new partition with the initial progress', async () => {
      const checkpoints = over(items);
      const fenced = await checkpoints.fence(uid, 'p0', token(1), NOTHING, dirty);
      expect(fenced).toEqual({ token: token(1), progress: dirty(NOTHING), before: NOTHING, version: 1 });
      expect(await checkpoints.read(uid, 'p0')).toEqual({ token: token(1), progress: dirty(NOTHING), version: 1 });
    });

    test('gives a newer token the stored progress, and what it was before the fence', async () => {
      const checkpoints = over(items);
      const first = await checkpoints.fence(uid, 'p0', token(1), NOTHING, dirty);
      await checkpoints.commit(uid, 'p0', first, { frontier: 10, clean: true });
      expect(await checkpoints.fence(uid, 'p0', token(2), NOTHING, dirty)).toEqual({
        token: token(2),
        progress: { frontier: 10, clean: false },
        before: { frontier: 10, clean: true },
        version: 3,
      });
    });

    test('takes the position of a commit that came between its read and its write (rule 15)', async () => {
      const first = await over(items).fence(uid, 'p0', token(1), NOTHING);
      const commit = () => over(items).commit(uid, 'p0', first, { frontier: 10, clean: true });
      const fenced = await over(overtaken(items, commit)).fence(uid, 'p0', token(2), NOTHING);
      expect(fenced.progress.frontier).toBe(10);
    });

    test('refuses a token that is older or equal, generation first', async () => {
      const checkpoints = over(items);
      await checkpoints.fence(uid, 'p0', token(5, 2), NOTHING);
      for (const old of [token(5, 2), token(4, 2), token(99, 1)])
        await expect(checkpoints.fence(uid, 'p0', old, NOTHING)).rejects.toMatchObject(refusal('PIO_FENCED'));
      expect(await checkpoints.read(uid, 'p0')).toMatchObject({ token: token(5, 2), version: 1 });
      expect((await checkpoints.fence(uid, 'p0', token(0, 3), NOTHING)).token).toEqual(token(0, 3));
    });

    test('lets exactly one of two racers with one token fence', async () => {
      const other = await open();
      try {
        const fences = [items, other].map((store) => over(store).fence(uid, 'p0', token(1), NOTHING));
        const ended = await Promise.allSettled(fences);
        expect(ended.filter((end) => end.status === 'fulfilled')).toHaveLength(1);
        expect(ended.find((end) => end.status === 'rejected')?.reason).toMatchObject(refusal('PIO_FENCED'));
      } finally {
        await other.close();
      }
    });

    test('ends two racing fences with the newer token, whoever writes first', async () => {
      const newer = () => over(items).fence(uid, 'p0', token(2), NOTHING);
      const older = over(overtaken(items, newer)).fence(uid, 'p0', token(1), NOTHING);
      await expect(older).rejects.toMatchObject(refusal('PIO_FENCED'));
      expect((await over(items).read(uid, 'p0'))?.token).toEqual(token(2));
    });

    test('refuses the zombie of rule 15 in its six steps: the batch counts once', async () => {
      const clock = manualClock(START_MS);
      const leases = leaseStore(items, { clock, ttlMs: TTL_MS, maxSkewMs: SKEW_MS });
      const checkpoints = over(items);
      const afterBatch0: Progress = { frontier: 1, clean: true };

      // 1. A run acquires the lease and opens at frontier 0. 2. It freezes, and its lease ends.
      const zombie = await leases.acquire(uid, 0, 'zombie');
      const zombieHeld = await checkpoints.fence(uid, 'p0', token(zombie.epoch), NOTHING);
      clock.advance(TTL_MS + SKEW_MS + 1);
      // 3. The successor acquires, and 4. fences: this is where it read frontier 0 and left the token of the zombie.
      const successor = await leases.acquire(uid, 0, 'successor');
      const successorHeld = await checkpoints.fence(uid, 'p0', token(successor.epoch), NOTHING);
      expect(successorHeld.progress.frontier).toBe(0);
      // 5. The zombie wakes and commits batch 0; before the fence, this succeeded. It cannot fence again either.
      const zombieCommit = checkpoints.commit(uid, 'p0', zombieHeld, afterBatch0);
      await expect(zombieCommit).rejects.toMatchObject(refusal('PIO_FENCED'));
      const zombieFence = checkpoints.fence(uid, 'p0', token(zombie.epoch), NOTHING);
      await expect(zombieFence).rejects.toMatchObject(refusal('PIO_FENCED'));
      // 6. The successor commits batch 0, once.
      await checkpoints.commit(uid, 'p0', successorHeld, afterBatch0);
      expect(await checkpoints.read(uid, 'p0')).toMatchObject({ token: token(2), progress: afterBatch0, version: 3 });
    });

    test('refuses the second of two commits from one checkpoint (rule 20)', async () => {
      const checkpoints = over(items);
      const held = await checkpoints.fence(uid, 'p0', token(1), NOTHING);
      const next = await checkpoints.commit(uid, 'p0', held, { frontier: 1, clean: false });
      await expect(checkpoints.commit(uid, 'p0', held, NOTHING)).rejects.toMatchObject(refusal('PIO_FENCED'));
      expect((await checkpoints.commit(uid, 'p0', next, { frontier: 2, clean: true })).version).toBe(3);
    });

    test('refuses a commit to what was deleted', async () => {
      const checkpoints = over(items);
      const held = await checkpoints.fence(uid, 'p0', token(1), NOTHING);
      await checkpoints.deleteAll(uid);
      await expect(checkpoints.commit(uid, 'p0', held, NOTHING)).rejects.toMatchObject(refusal('PIO_FENCED'));
      expect(await checkpoints.read(uid, 'p0')).toBeUndefined();
    });

    test('passes an outage on as such: a run that does not know is not fenced', async () => {
      const held = await over(items).fence(uid, 'p0', token(1), NOTHING);
      const commit = over(losingAnswers(items, { count: 1 })).commit(uid, 'p0', held, NOTHING);
      await expect(commit).rejects.toMatchObject(refusal('PIO_STORE_UNAVAILABLE'));
    });

    test('lists the partitions of one connector, whatever their names', async () => {
      const checkpoints = over(items);
      const partitions = ['persistent://public/default/in-partition-0', 'naïve 漢字 🙂', '%2F', 'a#b', '0'];
      for (const partition of partitions) await checkpoints.fence(uid, partition, token(1), NOTHING);
      await checkpoints.fence(randomUUID(), 'other', token(1), NOTHING);
      await leaseStore(items).acquire(uid, 0, 'a');
      expect([...(await checkpoints.list(uid))].sort()).toEqual([...partitions].sort());
      expect((await checkpoints.read(uid, 'naïve 漢字 🙂'))?.version).toBe(1);
    });

    test('lists partitions and connectors beyond one page', async () => {
      const big = 'x'.repeat(300 * 1024);
      const names = Array.from({ length: 6 }, (_, n) => `p${n}`);
      const connectors = registry(items, { shards: 1 });
      for (const name of names) {
        await over(items).fence(uid, name, token(1), big);
        const connector = sink(uid, name);
        await connectors.create({ ...connector, config: { ...connector.config, configs: { big } } });
      }
      expect(await over(items).list(uid)).toEqual(names);
      expect((await connectors.list(uid, 'default')).map(({ config }) => config.name)).toEqual(names);
    });

    test('deletes all of a connector, more than a page of it, twice, and nothing of another', async () => {
      const checkpoints = over(items);
      const other = randomUUID();
      for (let n = 0; n < 60; n++) await checkpoints.fence(uid, `p${n}`, token(1), NOTHING);
      await leaseStore(items).acquire(uid, 0, 'a');
      await checkpoints.fence(other, 'p0', token(1), NOTHING);
      await checkpoints.deleteAll(uid);
      await checkpoints.deleteAll(uid);
      expect(await checkpoints.list(uid)).toEqual([]);
      expect(await leaseStore(items).read(uid, 0)).toBeUndefined();
      expect(await checkpoints.list(other)).toEqual(['p0']);
    });

    test('deletes an item that is written in between', async () => {
      const held = await over(items).fence(uid, 'p0', token(1), NOTHING);
      const commit = () => over(items).commit(uid, 'p0', held, NOTHING);
      await over(overtaken(items, commit)).deleteAll(uid);
      expect(await over(items).list(uid)).toEqual([]);
    });
  });
};
