import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Connector, SourceConnector } from '../../src/core/connector.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import { runInstance } from '../../src/runtime/instance-run.ts';
import { Leftovers } from '../../src/runtime/leftovers.ts';
import type { RunDeps } from '../../src/runtime/run-deps.ts';
import type { RunSettings } from '../../src/runtime/run-settings.ts';
import { sinkWork } from '../../src/runtime/sink-run.ts';
import { sourceWork } from '../../src/runtime/source-run.ts';
import { listSource, memorySink, texts, updated, World } from './kit/world.ts';

const LONG_MS = 600_000;

describe('a run', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const requestOf = ({ kind, uid, generation, config }: Connector): RunRequest => {
    const { tenant, namespace, name } = config;
    return { kind, tenant, namespace, name, uid, generation, instance: 0, notAfterMs: Date.now() + LONG_MS };
  };
  const settings = (change: Partial<RunSettings>): RunSettings => ({
    ...world.deps.settings,
    heartbeatMs: 5,
    handOverWaitMs: 20_000,
    ...change,
  });
  const run = (
    request: RunRequest,
    { remainingMs = LONG_MS, ...deps }: Partial<RunDeps> & { remainingMs?: number } = {},
  ) => {
    const work = request.kind === 'source' ? sourceWork : sinkWork;
    // Each run has a sandbox of its own.
    const leftovers = new Leftovers();
    const all = { ...world.deps, settings: settings({}), leftovers, ...deps };
    return runInstance(request, () => remainingMs, all, work);
  };
  const newSource = async (): Promise<{ topic: string; source: SourceConnector }> => {
    const topic = await world.newTopic();
    const source = listSource(topic);
    await world.deps.registry.create(source);
    world.list.add('p', ...texts(4));
    return { topic, source };
  };
  const change = async (source: Connector, to: Partial<Connector>) => {
    const registered = await world.deps.registry.get(source.config);
    if (registered) await world.deps.registry.update(registered, { ...registered.connector, ...to } as Connector);
  };
  const stateOf = ({ uid }: Connector) => world.deps.leases.read(uid, 0);
  const until = async (condition: () => Promise<boolean> | boolean) => {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  test('works its source off, and releases the lease with the last status', async () => {
    const { topic, source } = await newSource();
    expect(await run(requestOf(source))).toEqual({ outcome: 'finished', settled: 4 });
    expect(await world.texts(topic)).toEqual(texts(4));
    expect(await stateOf(source)).toMatchObject({
      runId: null,
      epoch: 1,
      status: {
        phase: 'finished',
        numWritten: 4,
        numReceived: 4,
        generation: 1,
        failuresInRow: 0,
        numRestarts: 0,
        partitions: { p: { position: expect.anything(), sequence: 3, timestampMs: expect.any(Number) } },
      },
    });
  });

  test('refuses an invocation that is stale: too old, of another generation, uid or kind, or of a stopped instance (rule 22)', async () => {
    const { source } = await newSource();
    const request = requestOf(source);
    const stale: Partial<RunRequest>[] = [
      { notAfterMs: 1 },
      { generation: 2 },
      { uid: 'another' },
      { kind: 'sink' },
      { instance: 1 },
      { name: 'nobody' },
    ];
    for (const difference of stale)
      expect({ difference, ...(await run({ ...request, ...difference })) }).toMatchObject({
        difference,
        outcome: 'refused',
      });
    await change(source, { instanceStates: { 0: 'STOPPED' } });
    expect(await run(request)).toMatchObject({ outcome: 'refused' });
    expect(await stateOf(source)).toBeUndefined();
  });

  test('leaves at once when another run holds the lease', async () => {
    const { source } = await newSource();
    await world.deps.leases.acquire(source.uid, 0, 'somebody');
    expect(await run(requestOf(source))).toMatchObject({ outcome: 'busy' });
  });

  test('hands over to the successor that it invites before its deadline, without gap or duplicate (rule 23)', async () => {
    const { topic, source } = await newSource();
    world.list.pollIntervalMs = 1;
    const successor = Promise.withResolvers<unknown>();
    const invokeRun = async (request: RunRequest) => {
      world.list.add('p', ...texts(4, 4));
      successor.resolve(run(request, { settings: settings({ idleMs: 50 }) }));
    };
    const margins = { handOverLeadMs: LONG_MS - 100, stopMarginMs: 200, abortMarginMs: 100, idleMs: LONG_MS };
    const first = await run(requestOf(source), { invokeRun, settings: settings(margins) });
    expect(first).toMatchObject({ outcome: 'running' });
    world.list.add('p', ...texts(4, 8));
    expect(await successor.promise).toMatchObject({ outcome: 'idle' });
    expect(await world.texts(topic)).toEqual(texts(12));
    expect(await stateOf(source)).toMatchObject({ epoch: 2, runId: null });
  });

  test('invites no successor when it begins with too little time left', async () => {
    const { source } = await newSource();
    world.list.pollIntervalMs = 1;
    const invited: RunRequest[] = [];
    const invokeRun = async (request: RunRequest) => void invited.push(request);
    const margins = { handOverLeadMs: 1_000, stopMarginMs: 50, abortMarginMs: 10, idleMs: LONG_MS };
    await run(requestOf(source), { remainingMs: 100, invokeRun, settings: settings(margins) });
    expect(invited).toEqual([]);
  });

  test.each<[string, (source: Connector) => Promise<void>]>([
    ['stopped', async (source) => change(source, { instanceStates: { 0: 'STOPPED' } })],
    ['restarted', async (source) => change(source, { restarts: { 0: 1 } })],
    ['updated', async (source) => change(source, { generation: 2 })],
    ['deleted', async (source) => change(source, { deleting: true })],
  ])('ends, with everything committed, when its connector is %s while its source rests', async (_, act) => {
    const { topic, source } = await newSource();
    const resting = Promise.withResolvers<void>();
    let pages = 0;
    world.list.onPage = async (signal) => {
      pages += 1;
      if (pages === 1) return;
      resting.resolve();
      await once(signal, 'abort');
      throw new Error('the source was interrupted');
    };
    const running = run(requestOf(source));
    await resting.promise;
    await act(source);
    expect(await running).toMatchObject({ outcome: 'running', settled: 4 });
    expect(await world.texts(topic)).toEqual(texts(4));
    expect(await world.progress(source, 'p')).toMatchObject({ sequence: 3, clean: true });
    expect(await stateOf(source)).toMatchObject({ runId: null, status: { error: '' } });
  });

  test('fails its attempt at once when publishing fails while its source rests', async () => {
    const { source } = await newSource();
    await world.setDeduplication(source.config.topicName, false);
    let pages = 0;
    world.list.onPage = async (signal) => {
      pages += 1;
      if (pages > 1) await once(signal, 'abort');
    };
    expect(await run(requestOf(source))).toMatchObject({ outcome: 'failed' });
    expect(await stateOf(source)).toMatchObject({
      runId: null,
      status: { phase: 'failed', error: expect.stringMatching(/does not deduplicate/), numSystemExceptions: 1 },
    });
  });

  test('ends hard, and keeps the lease to expire, when it reaches its deadline in the middle of a write', async () => {
    const topic = await world.newTopic();
    const sink = memorySink(topic, 'plain', 'ATLEAST_ONCE');
    await world.deps.registry.create(sink);
    await world.publish(topic, texts(1));
    const type = world.target.type('plain');
    const catalogue = {
      ...world.deps.catalogue,
      sink: () => ({
        ...type,
        open: async (...args: Parameters<typeof type.open>) => ({
          ...(await type.open(...args)),
          write: async (_: unknown, signal: AbortSignal) => {
            await once(signal, 'abort');
            throw signal.reason;
          },
        }),
      }),
    };
    const margins = { handOverLeadMs: 0, stopMarginMs: -LONG_MS, abortMarginMs: 0, idleMs: LONG_MS };
    const ended = await run(requestOf(sink), { remainingMs: 500, catalogue, settings: settings(margins) });
    expect(ended).toMatchObject({ outcome: 'running' });
    expect((await stateOf(sink))?.runId).not.toBeNull();
  });

  test('ends hard, and releases nothing, when it loses its lease', async () => {
    const { source } = await newSource();
    world.list.pollIntervalMs = 1;
    const running = run(requestOf(source), { settings: settings({ idleMs: LONG_MS }) });
    await until(async () => (await stateOf(source))?.runId != null);
    world.leaseClockAheadMs = LONG_MS;
    await world.deps.leases.acquire(source.uid, 0, 'successor');
    expect(await running).toMatchObject({ outcome: 'running' });
    expect(await stateOf(source)).toMatchObject({ epoch: 2, runId: 'successor' });
  });

  test('ends hard by its own timer when the store does not let it renew', async () => {
    const { source } = await newSource();
    world.list.pollIntervalMs = 1;
    const leases = { ...world.deps.leases, renew: async () => Promise.reject(new Error('the store is away')) };
    const short = settings({ idleMs: LONG_MS, leaseTtlMs: 60, leaseMarginMs: 10 });
    expect(await run(requestOf(source), { leases, settings: short })).toMatchObject({ outcome: 'running' });
    expect((await stateOf(source))?.runId).not.toBeNull();
  });

  test('waits longer after each failure, then leaves the rest to the dispatcher, with the cause in the status', async () => {
    const { source } = await newSource();
    let opened = 0;
    const openSession = async () => {
      opened += 1;
      throw Object.assign(new Error('nobody there'), { name: 'PulsarError', code: 'ConnectError' });
    };
    const patience = settings({ backoff: { firstMs: 2, maxMs: 1_000 }, maxWaitInRunMs: 16 });
    expect(await run(requestOf(source), { openSession, settings: patience })).toMatchObject({
      outcome: 'backoff',
      reason: expect.stringMatching(/nobody there/),
    });
    const state = await stateOf(source);
    expect(state).toMatchObject({
      runId: null,
      status: { phase: 'backoff', failuresInRow: opened, numRestarts: opened - 1, numSystemExceptions: opened },
    });
    expect(state?.status.lastFailure).toMatchObject({
      code: 'PIO_PULSAR_UNAVAILABLE',
      message: expect.stringMatching(/nobody there/),
    });
    expect({ several: opened > 2, next: state?.status.nextRunAtMs !== undefined }).toEqual({
      several: true,
      next: true,
    });
  });

  test('tells in its status, once the store answers again, that it did not', async () => {
    const { source } = await newSource();
    world.list.pollIntervalMs = 1;
    let renewals = 0;
    const renew: typeof world.deps.leases.renew = (lease, status) =>
      ++renewals < 3
        ? Promise.reject(new PulsarIoError('PIO_STORE_UNAVAILABLE', 'renewing: Throttled', { cause: new Error('429') }))
        : world.deps.leases.renew(lease, status);
    const running = run(requestOf(source), {
      leases: { ...world.deps.leases, renew },
      settings: settings({ idleMs: LONG_MS }),
    });
    await until(async () => (await stateOf(source))?.status.numSystemExceptions === 2);
    expect((await stateOf(source))?.status).toMatchObject({
      phase: 'running',
      lastFailure: { code: 'PIO_STORE_UNAVAILABLE', message: 'renewing: Throttled', causes: ['Error: 429'] },
    });
    await change(source, { instanceStates: { 0: 'STOPPED' } });
    await running;
  });

  test('waits for a name that another connection holds, and counts no failure (rule 12)', async () => {
    const { topic, source } = await newSource();
    const holder = await world.broker.connect();
    await holder.producer(topic, `pio/${source.uid}/p#1`);
    let opened = 0;
    const openSession: typeof world.deps.openSession = (signal) => {
      opened += 1;
      if (opened === 3) holder.destroy();
      return world.deps.openSession(signal);
    };
    const patience = settings({ busyMs: LONG_MS, busyPollMs: 1 });
    expect(await run(requestOf(source), { openSession, settings: patience })).toMatchObject({ outcome: 'finished' });
    expect({ opened: opened >= 3, status: (await stateOf(source))?.status }).toMatchObject({
      opened: true,
      status: { numSystemExceptions: 0, failuresInRow: 0, numWritten: 4 },
    });
  });

  test('counts a name that another connection keeps as a failure (rule 12)', async () => {
    const { topic, source } = await newSource();
    const rival = await world.broker.connect();
    await rival.producer(topic, `pio/${source.uid}/p#1`);
    const impatient = settings({ busyMs: 5, busyPollMs: 1, backoff: { firstMs: 2, maxMs: 100 }, maxWaitInRunMs: 1 });
    expect(await run(requestOf(source), { settings: impatient })).toMatchObject({
      outcome: 'backoff',
      reason: expect.stringMatching(/opening producer/),
    });
  });

  test('counts an abandoned wait as no failure when it is asked to end', async () => {
    const { source } = await newSource();
    let opened = 0;
    const openSession = async () => {
      opened += 1;
      throw new Error('nobody there');
    };
    const patience = settings({ backoff: { firstMs: LONG_MS, maxMs: LONG_MS }, maxWaitInRunMs: 2 * LONG_MS });
    const running = run(requestOf(source), { openSession, settings: patience });
    await until(() => opened === 1);
    await change(source, { instanceStates: { 0: 'STOPPED' } });
    expect(await running).toMatchObject({ outcome: 'backoff' });
    expect(opened).toBe(1);
  });

  test('of a newer generation starts afresh after the failures of the one before', async () => {
    const { topic, source } = await newSource();
    await world.setDeduplication(topic, false);
    await run(requestOf(source));
    await world.setDeduplication(topic, true);
    const next = updated(source);
    await change(source, next);
    expect(await run(requestOf(next))).toMatchObject({ outcome: 'finished' });
    expect(await world.texts(topic)).toEqual(texts(4));
  });

  test('counts the failures of a record over all runs, where order is kept too, and dead-letters it after maxMessageRetries', async () => {
    for (const [guarantee, ordering] of [
      ['EFFECTIVELY_ONCE', {}],
      ['ATLEAST_ONCE', { retainOrdering: true }],
      ['ATLEAST_ONCE', {}],
    ] as const) {
      const [topic, letters] = [await world.newTopic(), await world.newTopic()];
      const more = { deadLetterTopic: letters, maxMessageRetries: 6, name: `out-${topic.slice(-8)}`, ...ordering };
      const sink = memorySink(topic, 'transactional', guarantee, more);
      await world.deps.registry.create(sink);
      let tries = 0;
      world.target.failureOf = ({ value }) => {
        if (value !== 'r1') return undefined;
        tries += 1;
        return new PulsarIoError('PIO_SINK_UNAVAILABLE', 'not now');
      };
      await world.publish(topic, texts(3));
      // No wait is short enough to be made within a run: each run tries once or twice, and the broker forgets its counts in between.
      const deps = { settings: settings({ maxWaitInRunMs: 0 }) };
      for (let runs = 0; runs < 30 && (await world.texts(letters)).length === 0; runs++) {
        await run(requestOf(sink), deps);
        const { status } = (await stateOf(sink)) ?? {};
        if (status?.failing.length) expect(status.error).toContain('not now');
      }
      expect({ guarantee, letters: await world.texts(letters), enough: tries >= 7 }).toEqual({
        guarantee,
        letters: ['r1'],
        enough: true,
      });
      await run(requestOf(sink));
      expect((await stateOf(sink))?.status).toMatchObject({ error: '', failing: [], numDeadLettered: 1 });
    }
  });
});
