import { randomUUID } from 'node:crypto';
import type { Clock } from '../../src/core/clock.ts';
import type { SinkConnector } from '../../src/core/connector.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import { type InstanceStatus, NEW_STATUS } from '../../src/core/instance-status.ts';
import type { ItemStore } from '../../src/core/item-store.ts';

/** Opens the same table anew with each call. */
export type OpenStore = () => Promise<ItemStore>;

/** A clock that only its owner moves; sleeping costs nothing. */
export const manualClock = (startMs: number): Clock & { advance(ms: number): void } => {
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async () => {},
    advance: (ms) => {
      nowMs += ms;
    },
  };
};

/** The store, whose next `lost` writes happen but are answered with an outage. */
export const losingAnswers = (items: ItemStore, lost: { count: number }): ItemStore => ({
  get: (...call) => items.get(...call),
  getMany: (...call) => items.getMany(...call),
  delete: (...call) => items.delete(...call),
  query: (...call) => items.query(...call),
  close: () => items.close(),
  put: async (...call) => {
    const written = await items.put(...call);
    if (lost.count-- > 0) throw new PulsarIoError('PIO_STORE_UNAVAILABLE', 'the answer was lost');
    return written;
  },
});

/** The store; just before its next write, another's `interfere` happens. */
export const overtaken = (items: ItemStore, interfere: () => Promise<unknown>): ItemStore => {
  let pending: (() => Promise<unknown>) | undefined = interfere;
  const first = async () => {
    const before = pending;
    pending = undefined;
    await before?.();
  };
  return {
    get: (...call) => items.get(...call),
    getMany: (...call) => items.getMany(...call),
    query: (...call) => items.query(...call),
    close: () => items.close(),
    put: async (...call) => {
      await first();
      return items.put(...call);
    },
    delete: async (...call) => {
      await first();
      return items.delete(...call);
    },
  };
};

/** What a refused call is rejected with. */
export const refusal = (code: string) => ({ name: 'PulsarIoError', code });
/** A status that can be told from others. */
export const status = (numWritten: number): InstanceStatus => ({ ...NEW_STATUS, phase: 'running', numWritten });

/** Times of the leases in these suites. */
export const TTL_MS = 15_000;
export const SKEW_MS = 2_000;
export const START_MS = Date.UTC(2026, 7, 1);

/** A connector of that name. */
export const sink = (tenant: string, name: string, namespace = 'default'): SinkConnector => ({
  kind: 'sink',
  uid: randomUUID(),
  type: 'http',
  generation: 1,
  instanceStates: {},
  restarts: {},
  createdAtMs: START_MS,
  updatedAtMs: START_MS,
  config: {
    tenant,
    namespace,
    name,
    configs: {},
    parallelism: 1,
    processingGuarantees: 'ATLEAST_ONCE',
    resources: { cpu: 1, ram: 1, disk: 1 },
    inputSpecs: {},
    sourceSubscriptionPosition: 'Latest',
    retainOrdering: false,
    retainKeyOrdering: false,
    autoAck: true,
    cleanupSubscription: false,
  },
});
