import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { catalogue } from '../../src/connectors/catalogue.ts';
import type { Connector } from '../../src/core/connector.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import { NEW_STATUS } from '../../src/core/instance-status.ts';
import type { ItemStore } from '../../src/core/item-store.ts';
import type { InstanceState } from '../../src/core/lease.ts';
import type { PulsarAdmin } from '../../src/core/pulsar-admin.ts';
import type { QueueTriggers } from '../../src/core/queue-triggers.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import { inboxPublisher } from '../../src/core/source-runs.ts';
import { type DispatcherDeps, dispatch } from '../../src/dispatcher/dispatch.ts';
import { type Due, isDue } from '../../src/dispatcher/due.ts';
import { inboxStore } from '../../src/stores/inbox.ts';
import { leaseStore } from '../../src/stores/leases.ts';
import { openItemStore } from '../../src/stores/open.ts';
import { registry } from '../../src/stores/registry.ts';
import { listSource, memorySink } from '../runtime/kit/world.ts';

const NOW_MS = 1_000_000;
const SKEW_MS = 2_000;
const times = { nowMs: NOW_MS, maxSkewMs: SKEW_MS };

const sink = memorySink('persistent://public/default/in');
const source = listSource('persistent://public/default/out');
const state = (status: Partial<InstanceState['status']>, more: Partial<InstanceState> = {}): InstanceState => ({
  epoch: 1,
  runId: null,
  expiresAtMs: 0,
  status: { ...NEW_STATUS, generation: 1, phase: 'idle', ...status },
  ...more,
});
const held = (expiresAtMs: number, status: Partial<InstanceState['status']> = { phase: 'running' }) =>
  state(status, { runId: 'r', expiresAtMs });

describe('an instance is due', () => {
  test.each<[string, Due, Connector, InstanceState | undefined]>([
    ['a sink that never ran', 'yes', sink, undefined],
    ['one whose status was written before any lease', 'yes', sink, state({}, { epoch: 0 })],
    ['a stopped one', 'no', { ...sink, instanceStates: { 0: 'STOPPED' } }, undefined],
    ['one of which only another instance is stopped', 'yes', { ...sink, instanceStates: { 1: 'STOPPED' } }, undefined],
    ['a deleted one', 'no', { ...sink, deleting: true }, undefined],
    ['one that is held', 'no', sink, held(NOW_MS + 1)],
    ['one whose lease ended within the skew of clocks', 'no', sink, held(NOW_MS - SKEW_MS + 1)],
    ['one whose lease ended before that', 'yes', sink, held(NOW_MS - SKEW_MS)],
    ['one of an older generation that is held', 'no', sink, held(NOW_MS + 1, { generation: 0 })],
    ['an idle sink', 'if-backlog', sink, state({ phase: 'idle' })],
    ['an idle sink whose next time is to come', 'no', sink, state({ phase: 'idle', nextRunAtMs: NOW_MS + 1 })],
    ['an idle sink whose next time has come', 'yes', sink, state({ phase: 'idle', nextRunAtMs: NOW_MS })],
    ['an idle source', 'yes', source, state({ phase: 'idle' })],
    ['an idle source that rests', 'no', source, state({ phase: 'idle', nextRunAtMs: NOW_MS + 1 })],
    ['an idle source that has rested', 'yes', source, state({ phase: 'idle', nextRunAtMs: NOW_MS })],
    ['one that waits after a failure', 'no', sink, state({ phase: 'backoff', nextRunAtMs: NOW_MS + 1 })],
    ['one that has waited after a failure', 'yes', sink, state({ phase: 'backoff', nextRunAtMs: NOW_MS })],
    ['one that failed for good', 'no', sink, state({ phase: 'failed' })],
    ['one that failed for good in an older generation', 'yes', sink, state({ phase: 'failed', generation: 0 })],
    ['a source that is finished', 'no', source, state({ phase: 'finished' })],
    ['a source that was finished before its update', 'yes', source, state({ phase: 'finished', generation: 0 })],
    ['one whose run ended in mid-work', 'yes', sink, state({ phase: 'running' })],
  ])('%s: %s', (_, expected, connector, instance) => {
    expect(isDue(connector, 0, instance, times)).toBe(expected);
  });
});

describe('a tick of the dispatcher', () => {
  let items: ItemStore;
  let deps: DispatcherDeps;
  let invoked: RunRequest[];
  let looks: string[];
  let backlog: Record<string, number>;
  let errors: string[];
  beforeEach(async () => {
    items = await openItemStore('sqlite::memory:');
    const clock = { nowMs: () => NOW_MS, monotonicMs: () => NOW_MS, sleep: async () => undefined };
    [invoked, looks, errors, backlog] = [[], [], [], {}];
    const pulsar = {
      topicStats: async (topic: string) => {
        looks.push(topic);
        const subscriptions = Object.entries(backlog).map(
          ([name, msgBacklog]) => [name, { msgBacklog, consumers: 0, properties: {} }] as const,
        );
        return { subscriptions: Object.fromEntries(subscriptions) };
      },
    } as unknown as PulsarAdmin;
    const silent = () => undefined;
    deps = {
      registry: registry(items, { shards: 2, clock }),
      leases: leaseStore(items, { clock }),
      inbox: inboxStore(items, { clock }),
      catalogue,
      clock,
      log: { debug: silent, info: silent, warn: silent, error: (message) => errors.push(message) },
      maxSkewMs: SKEW_MS,
      pulsar,
      invokeRun: async (request) => void invoked.push(request),
    };
  });
  afterEach(async () => {
    await items.close();
  });

  const tick = () => dispatch(deps, [0, 1], new AbortController().signal);
  const named = <C extends Connector>(connector: C, name: string, config: Partial<C['config']> = {}): C => ({
    ...connector,
    uid: `uid-${name}`,
    config: { ...connector.config, name, ...config },
  });
  const idle = async ({ uid }: Connector) => {
    const lease = await deps.leases.acquire(uid, 0, 'earlier');
    await deps.leases.release(lease, { ...NEW_STATUS, phase: 'idle', generation: 1 });
  };

  test('runs every instance of a queue that is polled, and of one that Lambda receives from only its publisher while messages wait', async () => {
    const polled = { awsRegion: 'eu-west-1', queueName: 'q' };
    const queueArn = 'arn:aws:sqs:eu-west-1:123456789012:q';
    await deps.registry.create({ ...named(source, 'a', { configs: polled, parallelism: 2 }), type: 'sqs' });
    const triggered = named(source, 'b', {
      configs: { ...polled, trigger: 'event', queueArn },
      parallelism: 2,
    });
    await deps.registry.create({ ...triggered, type: 'sqs' });
    expect(await tick()).toMatchObject({ invoked: 2 });
    await deps.inbox.append(triggered.uid, [{ id: '1', value: null }], { ordered: false });
    invoked = [];
    expect(await tick()).toMatchObject({ invoked: 3 });
    const instances = invoked.filter(({ name }) => name === 'b').map(({ instance }) => instance);
    expect(instances).toEqual([inboxPublisher(triggered)]);
  });

  test('looks after the mappings of triggered queues, once a tick for those that are gone, and goes on when that fails', async () => {
    const seen: string[] = [];
    const configs = { awsRegion: 'eu-west-1', queueName: 'q', queueArn: 'arn:aws:sqs:eu-west-1:123456789012:q' };
    await deps.registry.create({ ...named(source, 'a', { configs: { ...configs, trigger: 'event' } }), type: 'sqs' });
    await deps.registry.create({ ...named(source, 'b', { configs }), type: 'sqs' });
    await deps.registry.create({ ...named(source, 'c'), type: 'file' });
    const failing = async (what: string) => {
      seen.push(what);
      throw new Error('Lambda is away');
    };
    const queueTriggers: QueueTriggers = {
      claim: async () => undefined,
      apply: ({ config }) => failing(`apply ${config.name}`),
      remove: async () => undefined,
      collect: () => failing('collect'),
      together: () => queueTriggers,
    };
    deps = { ...deps, queueTriggers };
    expect(await tick()).toMatchObject({ invoked: 2 });
    await dispatch(deps, [1], new AbortController().signal);
    expect(seen.filter((it) => it === 'collect')).toHaveLength(1);
    expect([...new Set(seen)].toSorted()).toEqual(['apply a', 'collect']);
    expect(errors.length).toBeGreaterThanOrEqual(2);
  });

  test('tells the health of the instances that it looked at', async () => {
    for (const name of ['a', 'b']) {
      const connector = { ...named(sink, name), uid: name };
      await deps.registry.create(connector);
      const lease = await deps.leases.acquire(name, 0, 'r');
      await deps.leases.release(lease, { ...NEW_STATUS, phase: 'failed', generation: 1, numDeadLettered: 4 });
    }
    expect((await tick()).health).toEqual({ failing: 2, deadLetters: 8, lagMs: 0 });
  });

  test('invokes one run for every instance that is due, and says for how long', async () => {
    await deps.registry.create(named(sink, 'a', { parallelism: 2 }));
    await deps.registry.create({ ...named(source, 'b'), type: 'file' });
    await deps.registry.create({ ...named(source, 'webhook'), type: 'http' });
    expect(await tick()).toMatchObject({ connectors: 3, invoked: 3, failed: 0, left: [] });
    expect(invoked.map(({ name, instance }) => `${name}/${instance}`).sort()).toEqual(['a/0', 'a/1', 'b/0']);
    expect(invoked.find(({ name }) => name === 'b')).toEqual({
      kind: 'source',
      tenant: 'public',
      namespace: 'default',
      name: 'b',
      uid: 'uid-b',
      generation: 1,
      instance: 0,
      notAfterMs: NOW_MS + 60_000,
    });
  });

  test('goes on with the other shards when one cannot be read, and says which', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await deps.registry.create(named(sink, name));
    const whole = deps.registry;
    const shard: typeof whole.shard = (index, signal) => {
      if (index === 0) throw new Error('throttled');
      return whole.shard(index, signal);
    };
    deps = { ...deps, registry: { ...whole, shard } };
    const report = await tick();
    expect({ broken: report.broken, left: report.left, errors }).toEqual({
      broken: [0],
      left: [],
      errors: ['shard could not be looked through'],
    });
    deps = { ...deps, registry: whole };
    const all = await tick();
    expect(report.invoked).toBeGreaterThan(0);
    expect(report.invoked).toBeLessThan(all.invoked);
  });

  test('a connector of which nothing can be told keeps no other from being started', async () => {
    const queueArn = 'arn:aws:sqs:eu-west-1:123456789012:q';
    const configs = { awsRegion: 'eu-west-1', queueName: 'q', trigger: 'event', queueArn };
    const unreadable = { ...named(source, 'b', { configs }), type: 'sqs' };
    for (const one of [named(sink, 'a'), unreadable, named(sink, 'c')]) await deps.registry.create(one);
    const isEmpty = async () => Promise.reject(new Error('throttled'));
    deps = { ...deps, inbox: { ...deps.inbox, isEmpty } };
    expect(await tick()).toMatchObject({ invoked: 2, failed: 1, broken: [] });
    const sqs = catalogue.source('sqs');
    const source2 = (name: string) => {
      if (name !== 'sqs' || !sqs || sqs.source === 'event') return catalogue.source(name);
      return {
        ...sqs,
        trigger: () => {
          throw new TypeError('of another version');
        },
      } as unknown as typeof sqs;
    };
    const queueTriggers = { together: () => queueTriggers, collect: async () => undefined } as unknown as QueueTriggers;
    deps = { ...deps, queueTriggers, catalogue: { ...catalogue, source: source2 } };
    expect(await tick()).toMatchObject({ invoked: 2, failed: 1, broken: [] });
    expect(errors.toSorted()).toEqual([
      'run could not be invoked',
      'run could not be invoked',
      'trigger could not be mended',
    ]);
  });

  test('asks a Pulsar that does not answer about no more topics than a tick has time for', async () => {
    const [spec] = Object.values(sink.config.inputSpecs);
    for (let n = 0; n < 100; n++) {
      const one = named(sink, `s${n}`, { inputSpecs: { [`persistent://public/default/t${n}`]: spec as never } });
      await deps.registry.create(one);
      await idle(one);
    }
    let asked = 0;
    const topicStats = async () => {
      asked += 1;
      throw new PulsarIoError('PIO_PULSAR_UNAVAILABLE', 'no answer');
    };
    deps = { ...deps, pulsar: { topicStats } as unknown as PulsarAdmin };
    expect(await tick()).toMatchObject({ connectors: 100, invoked: 100 });
    expect(asked).toBeGreaterThanOrEqual(64);
    expect(asked).toBeLessThan(100);
  });

  test('leaves the shards that it has no time for, and looks at those of the others only', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await deps.registry.create(named(sink, name));
    let looks = 0;
    const first = await dispatch(deps, [0, 1], new AbortController().signal, () => ++looks === 1);
    expect(first.left).toEqual([1]);
    const second = await dispatch(deps, first.left, new AbortController().signal);
    expect(second.left).toEqual([]);
    expect(first.invoked + second.invoked).toBe(5);
    expect(invoked.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('invokes nobody whose run has its lease', async () => {
    await deps.registry.create(named(sink, 'a'));
    await tick();
    await deps.leases.acquire('uid-a', 0, 'run of the first tick');
    expect(await tick()).toMatchObject({ invoked: 0, failed: 0 });
  });

  test('counts and logs an invocation that failed, and goes on with the others', async () => {
    for (const name of ['a', 'b', 'c']) await deps.registry.create(named(sink, name));
    const invokeRun: DispatcherDeps['invokeRun'] = async (request) => {
      if (request.name === 'b') throw new Error('throttled');
      invoked.push(request);
    };
    deps = { ...deps, invokeRun };
    expect(await tick()).toMatchObject({ connectors: 3, invoked: 2, failed: 1, left: [] });
    expect(errors).toEqual(['run could not be invoked']);
  });

  test('looks at the backlog of a topic once, however many idle sinks read it, and starts those that have some', async () => {
    for (const name of ['a', 'b', 'c']) {
      const one = named(sink, name);
      await deps.registry.create(one);
      await idle(one);
    }
    backlog = { 'public/default/a': 0, 'public/default/b': 3, 'public/default/c': 0 };
    expect(await tick()).toMatchObject({ invoked: 1 });
    expect({ invoked: invoked.map(({ name }) => name), looks }).toEqual({
      invoked: ['b'],
      looks: ['persistent://public/default/in'],
    });
  });

  test('starts an idle sink when its backlog cannot be told: no subscription, no answer, no admin address', async () => {
    const one = named(sink, 'a');
    await deps.registry.create(one);
    await idle(one);
    expect(await tick()).toMatchObject({ invoked: 1 });
    const failing = { topicStats: async () => Promise.reject(new Error('away')) } as unknown as PulsarAdmin;
    deps = { ...deps, pulsar: failing };
    expect(await tick()).toMatchObject({ invoked: 1 });
    const { pulsar: _, ...without } = deps;
    deps = without;
    expect(await tick()).toMatchObject({ invoked: 1 });
  });
});
