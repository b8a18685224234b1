import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PulsarIoError } from '../../src/core/errors.ts';
import { NEW_STATUS } from '../../src/core/instance-status.ts';
import type { ItemStore } from '../../src/core/item-store.ts';
import { checkpointStore } from '../../src/stores/checkpoints.ts';
import { leaseStore } from '../../src/stores/leases.ts';
import { conflictOf } from './item-store.ts';
import {
  losingAnswers,
  manualClock,
  type OpenStore,
  overtaken,
  refusal,
  SKEW_MS,
  START_MS,
  status,
  TTL_MS,
} from './store-fixtures.ts';

/** What leases must do over every item store. */
export const leaseContract = (open: OpenStore): void => {
  describe('leases', () => {
    let items: ItemStore;
    let uid: string;
    let clock: ReturnType<typeof manualClock>;
    const over = (store: ItemStore) => leaseStore(store, { clock, ttlMs: TTL_MS, maxSkewMs: SKEW_MS });

    beforeEach(async () => {
      items = await open();
      uid = randomUUID();
      clock = manualClock(START_MS);
    });
    afterEach(async () => items.close());

    test('reads undefined of an instance that never ran', async () => {
      expect(await over(items).read(uid, 0)).toBeUndefined();
    });

    test('gives epoch 1 to the first run', async () => {
      const lease = await over(items).acquire(uid, 0, 'a');
      expect(lease).toMatchObject({ uid, instance: 0, epoch: 1, runId: 'a', expiresAtMs: START_MS + TTL_MS });
      expect(lease.status).toEqual(NEW_STATUS);
      expect(await over(items).read(uid, 0)).toEqual({
        epoch: 1,
        runId: 'a',
        expiresAtMs: START_MS + TTL_MS,
        status: NEW_STATUS,
      });
      expect(await over(items).read(uid, 1)).toBeUndefined();
    });

    test('refuses a second run while the first holds it, until its end and the skew have passed (rule 21)', async () => {
      const leases = over(items);
      await leases.acquire(uid, 0, 'a');
      for (const stepMs of [0, TTL_MS, SKEW_MS]) {
        clock.advance(stepMs);
        await expect(leases.acquire(uid, 0, 'b')).rejects.toMatchObject(refusal('PIO_LEASE_HELD'));
      }
      clock.advance(1);
      expect(await leases.acquire(uid, 0, 'b')).toMatchObject({ epoch: 2, runId: 'b' });
    });

    test('counts a run after one that did not release as a restart, and no other', async () => {
      const leases = over(items);
      await leases.acquire(uid, 0, 'a');
      clock.advance(TTL_MS + SKEW_MS + 1);
      const second = await leases.acquire(uid, 0, 'b');
      expect(second.status.numRestarts).toBe(1);
      await leases.release(second, second.status);
      expect((await leases.acquire(uid, 0, 'c')).status.numRestarts).toBe(1);
    });

    test('lets exactly one of two racers acquire', async () => {
      const other = await open();
      try {
        const ended = await Promise.allSettled([over(items).acquire(uid, 0, 'a'), over(other).acquire(uid, 0, 'b')]);
        expect(ended.filter((end) => end.status === 'fulfilled')).toHaveLength(1);
        const lost = ended.find((end) => end.status === 'rejected');
        expect(lost?.reason).toMatchObject(refusal('PIO_LEASE_HELD'));
      } finally {
        await other.close();
      }
    });

    test('refuses a racer that read the lease free just before another took it', async () => {
      const racer = over(overtaken(items, () => over(items).acquire(uid, 0, 'b')));
      await expect(racer.acquire(uid, 0, 'a')).rejects.toMatchObject(refusal('PIO_LEASE_HELD'));
      expect(await over(items).read(uid, 0)).toMatchObject({ epoch: 1, runId: 'b' });
    });

    test('acquires a released lease at once and keeps the status', async () => {
      const leases = over(items);
      await leases.release(await leases.acquire(uid, 0, 'a'), status(7));
      expect(await leases.acquire(uid, 0, 'b')).toMatchObject({ epoch: 2, status: status(7) });
    });

    test('extends by renewal and stores the status', async () => {
      const leases = over(items);
      const first = await leases.acquire(uid, 0, 'a');
      clock.advance(5_000);
      const { lease, wanted } = await leases.renew(first, status(3));
      expect(wanted).toBe(false);
      expect(lease).toMatchObject({ epoch: 1, expiresAtMs: START_MS + 5_000 + TTL_MS, status: status(3) });
      clock.advance(5_000);
      await leases.renew(lease, status(4));
      expect((await leases.read(uid, 0))?.status.numWritten).toBe(4);
    });

    test('renews an expired lease that nobody took', async () => {
      const leases = over(items);
      const lease = await leases.acquire(uid, 0, 'a');
      clock.advance(10 * TTL_MS);
      expect((await leases.renew(lease, status(1))).lease.epoch).toBe(1);
    });

    test('refuses renewal and release after a takeover, and changes nothing', async () => {
      const leases = over(items);
      const stale = await leases.acquire(uid, 0, 'a');
      clock.advance(TTL_MS + SKEW_MS + 1);
      await leases.acquire(uid, 0, 'b');
      const before = await leases.read(uid, 0);
      await expect(leases.renew(stale, status(9))).rejects.toMatchObject(refusal('PIO_LEASE_LOST'));
      await expect(leases.release(stale, status(9))).rejects.toMatchObject(refusal('PIO_LEASE_LOST'));
      expect(await leases.read(uid, 0)).toEqual(before);
    });

    test('refuses renewal after release, and after the lease was deleted', async () => {
      const leases = over(items);
      const lease = await leases.acquire(uid, 0, 'a');
      await leases.release(lease, status(1));
      await expect(leases.renew(lease, status(2))).rejects.toMatchObject(refusal('PIO_LEASE_LOST'));
      await checkpointStore(items).deleteAll(uid);
      await expect(leases.renew(lease, status(2))).rejects.toMatchObject(refusal('PIO_LEASE_LOST'));
      expect(await leases.read(uid, 0)).toBeUndefined();
    });

    test('tells the holder with its next renewal, and each after, that a successor waits (rule 23)', async () => {
      const leases = over(items);
      let lease = await leases.acquire(uid, 0, 'a');
      await leases.want(uid, 0, 'b');
      for (const numWritten of [1, 2]) {
        const renewed = await leases.renew(lease, status(numWritten));
        expect(renewed.wanted).toBe(true);
        lease = renewed.lease;
      }
      expect(await leases.read(uid, 0)).toMatchObject({ runId: 'a', wantedBy: 'b', status: status(2) });
      await leases.release(lease, status(3));
      expect(await leases.acquire(uid, 0, 'b')).toMatchObject({ epoch: 2, status: status(3) });
      expect((await leases.read(uid, 0))?.wantedBy).toBeUndefined();
    });

    test('releases a lease that became wanted since it was renewed', async () => {
      const leases = over(items);
      const lease = await leases.acquire(uid, 0, 'a');
      await leases.want(uid, 0, 'b');
      await leases.release(lease, status(1));
      expect(await leases.read(uid, 0)).toEqual({ epoch: 1, runId: null, expiresAtMs: 0, status: status(1) });
    });

    test('wants nothing of a lease that is missing, released, expired or its own', async () => {
      const leases = over(items);
      await leases.want(uid, 0, 'b');
      expect(await leases.read(uid, 0)).toBeUndefined();
      const lease = await leases.acquire(uid, 0, 'a');
      await leases.want(uid, 0, 'a');
      expect((await leases.read(uid, 0))?.wantedBy).toBeUndefined();
      clock.advance(TTL_MS + SKEW_MS + 1);
      await leases.want(uid, 0, 'b');
      expect((await leases.read(uid, 0))?.wantedBy).toBeUndefined();
      await leases.release(lease, status(1));
      await leases.want(uid, 0, 'b');
      expect((await leases.read(uid, 0))?.wantedBy).toBeUndefined();
    });

    test('goes on after a renewal whose answer was lost', async () => {
      const lost = { count: 0 };
      const leases = over(losingAnswers(items, lost));
      const lease = await leases.acquire(uid, 0, 'a');
      lost.count = 1;
      await expect(leases.renew(lease, status(1))).rejects.toMatchObject(refusal('PIO_STORE_UNAVAILABLE'));
      expect((await leases.renew(lease, status(2))).lease).toMatchObject({ epoch: 1, status: status(2) });
    });

    test('takes a release whose answer was lost as done', async () => {
      const lost = { count: 0 };
      const leases = over(losingAnswers(items, lost));
      const lease = await leases.acquire(uid, 0, 'a');
      lost.count = 1;
      await expect(leases.release(lease, status(1))).rejects.toMatchObject(refusal('PIO_STORE_UNAVAILABLE'));
      await leases.release(lease, status(1));
    });

    test('lets a run acquire again when the answer of its acquisition was lost (rule 19)', async () => {
      const leases = over(losingAnswers(items, { count: 1 }));
      await expect(leases.acquire(uid, 0, 'a')).rejects.toMatchObject(refusal('PIO_STORE_UNAVAILABLE'));
      expect(await leases.acquire(uid, 0, 'a')).toMatchObject({ epoch: 2, runId: 'a' });
    });

    test('changes the status of an instance that never ran', async () => {
      const leases = over(items);
      await leases.updateStatus(uid, 0, (old) => ({ ...old, numReceived: old.numReceived + 5 }));
      expect(await leases.read(uid, 0)).toMatchObject({ epoch: 0, runId: null, status: { numReceived: 5 } });
      expect(await leases.acquire(uid, 0, 'a')).toMatchObject({ epoch: 1, status: { numReceived: 5 } });
    });

    test('changes the status under a holder without taking its lease', async () => {
      const leases = over(items);
      const lease = await leases.acquire(uid, 0, 'a');
      await leases.updateStatus(uid, 0, (old) => ({ ...old, numRestarts: 1 }));
      expect(await leases.read(uid, 0)).toMatchObject({ runId: 'a', status: { numRestarts: 1 } });
      expect((await leases.renew(lease, status(1))).wanted).toBe(false);
    });

    test('loses no change of the status when several come at once', async () => {
      const leases = over(items);
      const add = () => leases.updateStatus(uid, 0, (old) => ({ ...old, numReceived: old.numReceived + 1 }));
      await Promise.all(Array.from({ length: 6 }, add));
      expect((await leases.read(uid, 0))?.status.numReceived).toBe(6);
    });

    test('gives up after twelve lost races', async () => {
      let tries = 0;
      const interfering: ItemStore = {
        ...losingAnswers(items, { count: 0 }),
        put: async (key, data, options) => {
          tries++;
          await items.put(key, data, options);
          return items.put(key, data, options);
        },
      };
      await conflictOf(over(interfering).updateStatus(uid, 0, (old) => old));
      expect(tries).toBe(12);
    });

    test('ends between two tries when the signal is aborted', async () => {
      const controller = new AbortController();
      const racer = over(
        overtaken(items, async () => {
          await over(items).updateStatus(uid, 0, (old) => old);
          controller.abort(new PulsarIoError('PIO_RUN_TIMEOUT', 'the deadline is near'));
        }),
      );
      await expect(racer.acquire(uid, 0, 'a', controller.signal)).rejects.toMatchObject(refusal('PIO_RUN_TIMEOUT'));
    });
  });
};
