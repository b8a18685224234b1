import { type Clock, systemClock } from '../core/clock.ts';
import { PulsarIoError } from '../core/errors.ts';
import { type InstanceStatus, NEW_STATUS } from '../core/instance-status.ts';
import type { ItemKey, ItemStore, StoredItem } from '../core/item-store.ts';
import type { InstanceState, Lease, LeaseStore } from '../core/lease.ts';
import { leaseKey } from './keys.ts';
import { decideAgain } from './lost-races.ts';

/** Options of {@link leaseStore}. */
export interface LeaseStoreOptions {
  readonly clock?: Clock;
  /** How long a lease lasts without renewal, in milliseconds. */
  readonly ttlMs?: number;
  /** How far clocks may differ: an observer waits that much longer before it takes over (GUARANTEES rule 21). */
  readonly maxSkewMs?: number;
  /** From 0 to less than 1: the jitter of retries. */
  readonly random?: () => number;
}

const stateOf = (item: StoredItem | undefined): InstanceState | undefined => item?.data as InstanceState | undefined;

const isHeldBy = (state: InstanceState | undefined, { epoch, runId }: Lease): state is InstanceState =>
  state?.epoch === epoch && state.runId === runId;

/** Leases over any {@link ItemStore}: one item per instance, every change conditional on its version. */
export const leaseStore = (items: ItemStore, options: LeaseStoreOptions = {}): LeaseStore => {
  const { clock = systemClock, ttlMs = 15_000, maxSkewMs = 2_000, random = Math.random } = options;
  const races = { clock, random };

  const isHeld = ({ runId, expiresAtMs }: InstanceState): boolean =>
    runId !== null && clock.nowMs() <= expiresAtMs + maxSkewMs;

  /** The lease as of a write; its end counts from before the write, so the holder stops no later than others expect. */
  const hold = async (
    key: ItemKey,
    current: StoredItem | undefined,
    state: Omit<InstanceState, 'expiresAtMs'> & Pick<Lease, 'uid' | 'instance' | 'runId'>,
    signal?: AbortSignal,
  ): Promise<Lease> => {
    const { uid, instance, ...rest } = state;
    const held = { ...rest, expiresAtMs: clock.nowMs() + ttlMs };
    const { version } = await items.put(key, held, { ifVersion: current?.version ?? 0 }, signal);
    return { uid, instance, ...held, version };
  };

  /** What a lease knows of its item, in place of a read. */
  const itemOf = (lease: Lease): StoredItem => {
    const { uid, instance, version, ...state } = lease;
    return { key: leaseKey(uid, instance), version, data: state };
  };

  return {
    read: async (uid, instance, signal) => stateOf(await items.get(leaseKey(uid, instance), signal)),

    readMany: async (instances, signal) => {
      const keys = instances.map(({ uid, instance }) => leaseKey(uid, instance));
      return (await items.getMany(keys, signal)).map(stateOf);
    },

    acquire: async (uid, instance, runId, signal) => {
      const key = leaseKey(uid, instance);
      const attempt = (current: StoredItem | undefined) => {
        const state = stateOf(current);
        if (state && isHeld(state) && state.runId !== runId) throw heldError(key, state);
        const epoch = (state?.epoch ?? 0) + 1;
        return hold(key, current, { uid, instance, epoch, runId, status: statusFor(runId, state) }, signal);
      };
      return decideAgain(await items.get(key, signal), attempt, races, signal);
    },

    want: async (uid, instance, runId, signal) => {
      const key = leaseKey(uid, instance);
      const attempt = async (current: StoredItem | undefined) => {
        const state = stateOf(current);
        if (!current || !state || !isHeld(state) || state.runId === runId || state.wantedBy !== undefined) return;
        await items.put(key, { ...state, wantedBy: runId }, { ifVersion: current.version }, signal);
      };
      await decideAgain(await items.get(key, signal), attempt, races, signal);
    },

    renew: async (lease, status, signal) => {
      const { uid, instance, epoch, runId } = lease;
      const key = leaseKey(uid, instance);
      const attempt = (current: StoredItem | undefined) => {
        const state = stateOf(current);
        if (!isHeldBy(state, lease)) throw lostError(key, lease, state);
        const wanted = state.wantedBy === undefined ? {} : { wantedBy: state.wantedBy };
        return hold(key, current, { uid, instance, epoch, runId, status, ...wanted }, signal);
      };
      const renewed = await decideAgain(itemOf(lease), attempt, races, signal);
      return { lease: renewed, wanted: renewed.wantedBy !== undefined };
    },

    release: async (lease, status, signal) => {
      const { uid, instance, epoch } = lease;
      const key = leaseKey(uid, instance);
      const attempt = async (current: StoredItem | undefined) => {
        const state = stateOf(current);
        if (state?.epoch === epoch && state.runId === null) return; // an earlier try of this release, whose answer was lost
        if (!current || !isHeldBy(state, lease)) throw lostError(key, lease, state);
        await items.put(key, releasedState(epoch, status), { ifVersion: current.version }, signal);
      };
      await decideAgain(itemOf(lease), attempt, races, signal);
    },

    updateStatus: async (uid, instance, change, signal) => {
      const key = leaseKey(uid, instance);
      const attempt = async (current: StoredItem | undefined) => {
        const state = stateOf(current) ?? releasedState(0, NEW_STATUS);
        await items.put(key, { ...state, status: change(state.status) }, { ifVersion: current?.version ?? 0 }, signal);
      };
      await decideAgain(await items.get(key, signal), attempt, races, signal);
    },
  };
};

/** A lease that was not released: its run was killed, and the next is a restart. */
const statusFor = (runId: string, state: InstanceState | undefined): InstanceStatus => {
  const status = state?.status ?? NEW_STATUS;
  const isRestart = typeof state?.runId === 'string' && state.runId !== runId;
  return isRestart ? { ...status, numRestarts: status.numRestarts + 1 } : status;
};

const releasedState = (epoch: number, status: InstanceStatus): InstanceState => ({
  epoch,
  runId: null,
  expiresAtMs: 0,
  status,
});

const heldError = ({ pk, sk }: ItemKey, { runId, epoch, expiresAtMs }: InstanceState): PulsarIoError =>
  new PulsarIoError(
    'PIO_LEASE_HELD',
    `${pk} ${sk} is held by run ${runId}, epoch ${epoch}, until ${new Date(expiresAtMs).toISOString()}`,
  );

const lostError = ({ pk, sk }: ItemKey, lease: Lease, state: InstanceState | undefined): PulsarIoError => {
  const now = state ? `it has epoch ${state.epoch} and ${state.runId ? `run ${state.runId}` : 'no run'}` : 'it is gone';
  return new PulsarIoError('PIO_LEASE_LOST', `run ${lease.runId} lost ${pk} ${sk} of epoch ${lease.epoch}: ${now}`);
};
