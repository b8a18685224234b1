import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { assignedInstance } from '../../src/core/assignment.ts';
import type { SinkConnector } from '../../src/core/connector.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import { dispatch } from '../../src/dispatcher/dispatch.ts';
import { runInstance } from '../../src/runtime/instance-run.ts';
import { Leftovers } from '../../src/runtime/leftovers.ts';
import { sinkWork } from '../../src/runtime/sink-run.ts';
import { memorySink, World } from '../runtime/kit/world.ts';

jest.setTimeout(240_000);

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world[Symbol.asyncDispose]());

/** A registered sink of at most five instances, one for every hundred messages that wait, whose subscription is there. */
const scaledSink = async (name: string, options: object = {}): Promise<SinkConnector> => {
  const topic = await world.newTopic({ isKept: false });
  const customRuntimeOptions = JSON.stringify({ minParallelism: '1', backlogPerInstance: '100', ...options });
  const sink = memorySink(topic, 'plain', 'ATLEAST_ONCE', { name, parallelism: 5, customRuntimeOptions });
  await world.deps.registry.create(sink);
  await world.attempt(sink);
  return sink;
};

const tickFor = async ({ config }: SinkConnector): Promise<RunRequest[]> => {
  const invoked: RunRequest[] = [];
  const { settings, ...deps } = world.deps;
  const invokeRun = async (request: RunRequest) => void invoked.push(request);
  await dispatch({ ...deps, maxSkewMs: settings.maxSkewMs, invokeRun }, [0], AbortSignal.timeout(60_000));
  return invoked.filter(({ name }) => name === config.name).toSorted((a, b) => a.instance - b.instance);
};

const instancesOf = async (sink: SinkConnector) => (await tickFor(sink)).map(({ instance }) => instance);

const run = (request: RunRequest, remainingMs = () => 60_000, invokeRun = world.deps.invokeRun) =>
  runInstance(request, remainingMs, { ...world.deps, invokeRun, leftovers: new Leftovers() }, sinkWork);

const texts = (count: number) => Array.from({ length: count }, (_, index) => `m-${index}`);

test('as many instances run as the backlog asks for, they drain it together, and then none is started', async () => {
  const sink = await scaledSink('drained');
  const [topic = ''] = Object.keys(sink.config.inputSpecs);
  expect(await instancesOf(sink)).toEqual([0]);
  const sent = texts(250);
  await world.publish(topic, sent);
  const before = world.target.effects.length;
  for (let requests = await tickFor(sink), ticks = 0; requests.length > 0; requests = await tickFor(sink), ticks++) {
    if (ticks === 0) expect(requests.map(({ instance }) => instance)).toEqual([0, 1, 2]);
    expect(ticks).toBeLessThan(20);
    await Promise.all(requests.map((request) => run(request)));
  }
  expect(await world.backlog(sink)).toBe(0);
  const written = world.target.effects.slice(before);
  expect(new Set(written)).toEqual(new Set(sent));
});

test('never fewer than the minimum or more than the parallelism, and all when nobody can tell', async () => {
  const sink = await scaledSink('bounded', { minParallelism: '2' });
  const [topic = ''] = Object.keys(sink.config.inputSpecs);
  expect(await instancesOf(sink)).toEqual([0, 1]);
  await world.publish(topic, texts(900));
  expect(await instancesOf(sink)).toEqual([0, 1, 2, 3, 4]);
  await world.deps.pulsar?.skip(topic, 'public/default/bounded', 'all');
  const { pulsar: _, ...blind } = world.deps;
  const invoked: number[] = [];
  const invokeRun = async ({ name, instance }: RunRequest) => void (name === 'bounded' && invoked.push(instance));
  await dispatch({ ...blind, maxSkewMs: 0, invokeRun }, [0], AbortSignal.timeout(60_000));
  expect(invoked.toSorted()).toEqual([0, 1, 2, 3, 4]);
});

/** A run's time as it is when the successor is to be invited a millisecond later. */
const justBefore = () => world.deps.settings.handOverLeadMs + 1;

test('only instances of the minimum invite a successor before their deadline', async () => {
  const sink = await scaledSink('ending');
  const invited: number[] = [];
  const { uid, generation, config } = sink;
  const { tenant, namespace, name } = config;
  for (const instance of [0, 4]) {
    const notAfterMs = Date.now() + 60_000;
    const request: RunRequest = { kind: 'sink', tenant, namespace, name, uid, generation, instance, notAfterMs };
    await run(request, justBefore, async (it) => void invited.push(it.instance));
  }
  expect(invited).toEqual([0]);
});

test('where each topic-partition belongs to one instance, only those are started in whose partitions something waits', async () => {
  const topic = await world.newTopic({ partitions: 4, isKept: false });
  const sink = memorySink(topic, 'transactional', 'EFFECTIVELY_ONCE', { name: 'assigned', parallelism: 4 });
  await world.deps.registry.create(sink);
  const all = [0, 1, 2, 3];
  expect(await instancesOf(sink)).toEqual(all);
  await Promise.all((await tickFor(sink)).map((request) => run(request)));
  expect(await instancesOf(sink)).toEqual([]);
  for (const partition of [2, 0]) {
    const name = `${topic}-partition-${partition}`;
    await world.publish(name, texts(3));
    const started = await tickFor(sink);
    expect(started.map(({ instance }) => instance)).toEqual([assignedInstance(name, 4)]);
    await Promise.all(started.map((request) => run(request)));
    expect(await instancesOf(sink)).toEqual([]);
  }
});
