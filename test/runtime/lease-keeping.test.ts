import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import type { Connector } from '../../src/core/connector.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import { NEW_STATUS } from '../../src/core/instance-status.ts';
import type { ItemStore } from '../../src/core/item-store.ts';
import type { Lease, LeaseStore } from '../../src/core/lease.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import { acquireLease } from '../../src/runtime/acquire-lease.ts';
import { Heartbeat } from '../../src/runtime/heartbeat.ts';
import { RunControl } from '../../src/runtime/run-control.ts';
import type { RunDeps } from '../../src/runtime/run-deps.ts';
import { DEFAULT_RUN_SETTINGS } from '../../src/runtime/run-settings.ts';
import { leaseStore } from '../../src/stores/leases.ts';
import { openItemStore } from '../../src/stores/open.ts';
import { registry } from '../../src/stores/registry.ts';
import { memorySink } from './kit/world.ts';

describe('keeping a lease', () => {
  let items: ItemStore;
  let leases: LeaseStore;
  let deps: RunDeps;
  let sink: Connector;
  let warnings: string[];
  /** Ends the pause before the next heartbeat. */
  let beat: () => void;
  beforeEach(async () => {
    items = await openItemStore('sqlite::memory:');
    warnings = [];
    let rest = Promise.withResolvers<void>();
    beat = () => {
      rest.resolve();
      rest = Promise.withResolvers();
    };
    const clock: Clock = {
      nowMs: () => 0,
      monotonicMs: () => 0,
      sleep: (ms, signal) =>
        ms === DEFAULT_RUN_SETTINGS.heartbeatMs
          ? Promise.race([
              rest.promise,
              new Promise<void>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
            ])
          : systemClock.sleep(ms, signal),
    };
    const silent = () => undefined;
    leases = leaseStore(items, { ttlMs: 60_000 });
    deps = {
      clock,
      registry: registry(items),
      leases,
      settings: DEFAULT_RUN_SETTINGS,
      log: { debug: silent, info: silent, warn: (message) => void warnings.push(message), error: silent },
    } as Partial<RunDeps> as RunDeps;
    sink = memorySink('t');
    await deps.registry.create(sink);
  });
  afterEach(async () => {
    await items.close();
  });

  const requestOf = ({ kind, uid, generation, config }: Connector): RunRequest => {
    const { tenant, namespace, name } = config;
    return { kind, tenant, namespace, name, uid, generation, instance: 0, notAfterMs: 0 };
  };
  const change = async (to: Partial<Connector>) => {
    const registered = await deps.registry.get(sink.config);
    if (registered) await deps.registry.update(registered, { ...registered.connector, ...to } as Connector);
  };
  const start = async (more: Partial<RunDeps> = {}, lease?: Lease) => {
    const control = new RunControl();
    const held = lease ?? (await leases.acquire(sink.uid, 0, 'me'));
    const failures: Error[] = [];
    let beats = 0;
    const status = () => ({ ...NEW_STATUS, phase: 'running' as const, numReceived: ++beats });
    const heartbeat = new Heartbeat({
      request: requestOf(sink),
      deps: { ...deps, ...more },
      control,
      lease: held,
      restarts: 0,
      status,
      failed: (error) => failures.push(error),
    });
    return { control, heartbeat, held, failures };
  };
  /** One heartbeat, to its end: a heartbeat that is ended finishes the beat that is under way. */
  const once = async ({ heartbeat }: { heartbeat: Heartbeat }) => {
    beat();
    await new Promise((resolve) => setImmediate(resolve));
    return heartbeat.end();
  };

  test('renews it with the status of the moment, and ends with the lease as renewed', async () => {
    const run = await start();
    const lease = await once(run);
    expect(lease.version).toBeGreaterThan(run.held.version);
    expect(await leases.read(sink.uid, 0)).toMatchObject({ runId: 'me', status: { phase: 'running', numReceived: 1 } });
    expect({ stop: run.control.stopReason, aborted: run.control.signal.aborted }).toEqual({ aborted: false });
  });

  test.each<[string, string, () => Promise<void>]>([
    ['a successor waits', 'handed-over', () => leases.want(sink.uid, 0, 'successor')],
    ['the instance is stopped', 'stopped', () => change({ instanceStates: { 0: 'STOPPED' } })],
    ['the instance is restarted', 'stopped', () => change({ restarts: { 0: 1 } })],
    ['the connector is updated', 'stopped', () => change({ generation: 2 })],
    ['the connector is deleted', 'stopped', () => change({ deleting: true })],
    ['the connector was made anew', 'stopped', () => change({ uid: 'another' })],
  ])('asks for a kind end when %s', async (_, reason, act) => {
    const run = await start();
    await act();
    await once(run);
    expect({ stop: run.control.stopReason, aborted: run.control.signal.aborted }).toEqual({
      stop: reason,
      aborted: false,
    });
  });

  test('goes on when only another instance is stopped or restarted', async () => {
    const run = await start();
    await change({ instanceStates: { 1: 'STOPPED' }, restarts: { 1: 1 } });
    await once(run);
    expect(run.control.isStopping).toBe(false);
  });

  test('ends hard when another run took the lease', async () => {
    const held = await leases.acquire(sink.uid, 0, 'me');
    await leases.release(held, NEW_STATUS);
    await leases.acquire(sink.uid, 0, 'other');
    const run = await start({}, held);
    await once(run);
    expect(run.control.signal.reason).toMatchObject({ code: 'PIO_LEASE_LOST' });
  });

  test('goes on when the store is away for one beat', async () => {
    const away = { ...leases, renew: async () => Promise.reject(new PulsarIoError('PIO_STORE_UNAVAILABLE', 'away')) };
    const run = await start({ leases: away });
    await once(run);
    expect({ stopping: run.control.isStopping, warnings }).toEqual({ stopping: false, warnings: ['heartbeat failed'] });
    expect(run.failures).toEqual([expect.objectContaining({ code: 'PIO_STORE_UNAVAILABLE' })]);
  });

  test('ends hard by its own timer when no renewal comes through in time (rule 21)', async () => {
    const settings = { ...DEFAULT_RUN_SETTINGS, leaseTtlMs: 20, leaseMarginMs: 5 };
    const run = await start({ settings });
    const { signal } = run.control;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    expect(signal.reason).toMatchObject({ code: 'PIO_LEASE_LOST' });
    await run.heartbeat.end();
  });

  test('leaves no timer behind when it ends in the middle of a renewal', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    const renewal = Promise.withResolvers<void>();
    const slow: LeaseStore = {
      ...leases,
      renew: async (lease, status) => {
        await renewal.promise;
        return leases.renew(lease, status);
      },
    };
    const run = await start({ leases: slow });
    beat();
    await new Promise((resolve) => setImmediate(resolve));
    const ended = run.heartbeat.end();
    renewal.resolve();
    await ended;
    expect(timers()).toBe(before);
  });
});

describe('acquiring a lease', () => {
  const held = () => new PulsarIoError('PIO_LEASE_HELD', 'held');
  const acquire = async (handOver: boolean, freeAfter: number, failure: () => Error = held) => {
    const did: string[] = [];
    let nowMs = 0;
    const deps = {
      settings: { ...DEFAULT_RUN_SETTINGS, handOverWaitMs: 5_000 },
      clock: {
        nowMs: () => nowMs,
        monotonicMs: () => nowMs,
        sleep: async (ms: number) => {
          nowMs += ms;
          did.push(`wait ${ms}`);
        },
      },
      leases: {
        acquire: async () => {
          did.push('acquire');
          if (nowMs < freeAfter) throw failure();
          return { epoch: 7 } as Lease;
        },
        want: async (_uid: string, _instance: number, runId: string) => void did.push(`want by ${runId}`),
      },
    } as unknown as RunDeps;
    const request = { uid: 'u', instance: 0, ...(handOver && { handOver }) } as RunRequest;
    const outcome = await acquireLease(request, 'me', deps).then(
      ({ epoch }) => epoch,
      (error: PulsarIoError) => error.code,
    );
    return { outcome, did, nowMs };
  };

  test('takes a free one at once', async () => {
    expect(await acquire(false, 0)).toEqual({ outcome: 7, did: ['acquire'], nowMs: 0 });
  });

  test('gives up at once when it is held, unless it was invited', async () => {
    expect(await acquire(false, 1)).toEqual({ outcome: 'PIO_LEASE_HELD', did: ['acquire'], nowMs: 0 });
  });

  test('asks the holder to hand over, and looks again with growing pauses (rule 23)', async () => {
    const { outcome, did } = await acquire(true, 300);
    expect({ outcome, did }).toEqual({
      outcome: 7,
      did: ['acquire', 'want by me', 'wait 100', 'acquire', 'want by me', 'wait 200', 'acquire'],
    });
  });

  test('gives up when the holder does not hand over in time', async () => {
    const { outcome, nowMs } = await acquire(true, Number.POSITIVE_INFINITY);
    expect({ outcome, patient: nowMs >= 5_000 && nowMs <= 7_000 }).toEqual({
      outcome: 'PIO_LEASE_HELD',
      patient: true,
    });
  });

  test('does not wait for a store that is away', async () => {
    const { outcome, did } = await acquire(true, 1, () => new PulsarIoError('PIO_STORE_UNAVAILABLE', 'away'));
    expect({ outcome, did }).toEqual({ outcome: 'PIO_STORE_UNAVAILABLE', did: ['acquire'] });
  });
});
