import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Connector, type SinkConnector, subscriptionOf } from '../../src/core/connector.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import { runInstance } from '../../src/runtime/instance-run.ts';
import { Leftovers } from '../../src/runtime/leftovers.ts';
import { sinkWork } from '../../src/runtime/sink-run.ts';
import { ask as askIn, current as currentIn } from './kit/admin.ts';
import { crashAt, type PortCall } from './kit/ports.ts';
import { listSource, memorySink, texts, World } from './kit/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.start();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const LIMIT_MS = 600_000;

const refuse = (text: string) => {
  world.target.failureOf = ({ value }) =>
    value === text ? new PulsarIoError('PIO_SINK_REJECTED', 'never') : undefined;
};

const ask = (connector: Connector, method: string, what: string, body?: unknown) =>
  askIn(world, connector, method, what, body);
const current = <C extends Connector>(connector: C) => currentIn(world, connector);

const stopped = async <C extends Connector>(connector: C): Promise<C> => {
  await current(connector);
  await ask(connector, 'POST', 'stop');
  return connector;
};

const subscriptionPath = (topic: string, { config }: SinkConnector) =>
  `${world.pathOf(topic)}/subscription/${encodeURIComponent(subscriptionOf(config))}`;

describe.each(['transactional', 'versioned'] as const)('positions of a %s sink', (type) => {
  const written = () => [...world.target.effects];

  test('set to the earliest message write everything again, and to the latest nothing of it; a repeated run repeats nothing', async () => {
    const topic = await world.newTopic();
    const sink = memorySink(topic, type);
    await world.publish(topic, texts(4));
    await world.drain(sink);
    await stopped(sink);
    await ask(sink, 'PUT', 'positions', { [topic]: 'earliest' });
    await world.drain(await current(sink));
    // The broker forgets the acknowledgements: the cursor is where it was set to.
    await world.broker.killAndRestart();
    await world.drain(await current(sink));
    expect(written()).toEqual([...texts(4), ...texts(4)]);
    await world.publish(topic, texts(3, 4));
    await ask(sink, 'PUT', 'positions', { [topic]: 'latest' });
    await world.publish(topic, texts(1, 7));
    await world.drain(await current(sink));
    expect(written().slice(8)).toEqual(['r7']);
  });

  test('wherever a run dies that takes a new position, it is taken once', async () => {
    for (const at of ['checkpoint.fence', 'sink.fence', 'checkpoint.commit', 'sink.transact'])
      for (const phase of ['before', 'after'] as const) {
        world.target.effects.length = 0;
        world.target.frontiers.clear();
        const topic = await world.newTopic();
        const sink = memorySink(topic, type, 'EFFECTIVELY_ONCE', { name: `out-${at}-${phase}` });
        await world.publish(topic, texts(4));
        await world.drain(sink);
        await stopped(sink);
        await ask(sink, 'PUT', 'positions', { [topic]: 'earliest' });
        const moved = await current(sink);
        await world.attempt(moved, { watch: crashAt(at, phase) }).catch(() => undefined);
        await world.drain(moved);
        const again = written().slice(4);
        expect({ at, phase, again: new Set(again).size, first: again[0], last: again.at(-1) }).toEqual({
          at,
          phase,
          again: 4,
          first: 'r0',
          last: 'r3',
        });
        if (type === 'transactional') expect({ at, phase, again }).toEqual({ at, phase, again: texts(4) });
      }
  }, 360_000);

  test('set back forget which records were dead letters, and keep the letters of the second time', async () => {
    const [topic, letters] = [await world.newTopic(), await world.newTopic()];
    const sink = memorySink(topic, type, 'EFFECTIVELY_ONCE', { deadLetterTopic: letters });
    refuse('r2');
    await world.publish(topic, texts(4));
    await world.drain(sink);
    await stopped(sink);
    await ask(sink, 'PUT', 'positions', { [topic]: 'earliest' });
    refuse('r1');
    for (let runs = 0; runs < 2; runs++) await world.drain(await current(sink));
    expect({ written: written().slice(3), letters: await world.texts(letters) }).toEqual({
      written: ['r0', 'r2', 'r3'],
      letters: ['r2', 'r1'],
    });
  });

  test('mend PIO_FRONTIER_STALE after the subscription was deleted', async () => {
    const topic = await world.newTopic();
    const sink = memorySink(topic, type);
    await world.publish(topic, texts(2));
    await world.drain(sink);
    await world.broker.admin('DELETE', subscriptionPath(topic, sink));
    await world.publish(topic, texts(2, 2));
    const stale = { code: 'PIO_FRONTIER_STALE', message: expect.stringContaining('POST to its positions') };
    await expect(world.attempt(sink)).rejects.toMatchObject(stale);
    await stopped(sink);
    await ask(sink, 'POST', 'positions');
    await world.drain(await current(sink));
    expect(new Set(written())).toEqual(new Set(texts(4)));
  });
});

test('a run that was frozen when the position of an at-most-once sink was set moves no frontier any more, and writes nothing (rule 11)', async () => {
  const topic = await world.newTopic();
  const sink = memorySink(topic, 'versioned', 'ATMOST_ONCE');
  await world.publish(topic, texts(4));
  const [asleep, woken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const watch = async ({ name, phase }: PortCall) => {
    if (name !== 'checkpoint.commit' || phase !== 'before') return;
    asleep.resolve();
    await woken.promise;
  };
  const frozen = expect(world.attempt(sink, { watch })).rejects.toMatchObject({ code: 'PIO_FENCED' });
  await asleep.promise;
  await stopped(sink);
  await ask(sink, 'PUT', 'positions', { [topic]: 'latest' });
  woken.resolve();
  await frozen;
  await world.publish(topic, texts(1, 4));
  await world.drain(await current(sink));
  expect(world.target.effects).toEqual(['r4']);
});

test('a cursor that was reset outside repeats nothing and is told as a warning, once the broker cannot have forgotten it by itself (rule 27)', async () => {
  let [aheadMs, stepMs] = [0, 0];
  const nowMs = () => {
    aheadMs += stepMs;
    return Date.now() + aheadMs;
  };
  const clock = { ...world.deps.clock, nowMs };
  const topic = await world.newTopic();
  const sink = await current(memorySink(topic));
  const run = async () => {
    const { kind, uid, generation, config } = sink;
    const { tenant, namespace, name } = config;
    const request: RunRequest = {
      kind,
      tenant,
      namespace,
      name,
      uid,
      generation,
      instance: 0,
      notAfterMs: clock.nowMs() + LIMIT_MS,
    };
    await runInstance(request, () => LIMIT_MS, { ...world.deps, clock, leftovers: new Leftovers() }, sinkWork);
    return (await world.deps.leases.read(sink.uid, 0))?.status.warnings ?? [];
  };
  const publishAndRun = async (from: number) => {
    await world.publish(topic, texts(2, from));
    while ((await world.backlog(sink)) > 0) await run();
    return run();
  };
  world.target.maxBatchRecords = 1;
  await publishAndRun(0);
  // What a killed broker forgets is no reset.
  await world.broker.killAndRestart();
  expect(await run()).toEqual([]);
  stepMs = 3_000;
  expect(await publishAndRun(2)).toEqual([]);
  await world.broker.admin('POST', `${subscriptionPath(topic, sink)}/resetcursor/1000`);
  expect(await run()).toEqual([
    {
      exceptionString: expect.stringMatching(/everything up to \d+:\d+ was acknowledged.*PUT its positions/),
      timestampMs: expect.any(Number),
    },
  ]);
  expect(world.target.effects).toEqual(texts(4));
});

describe('positions of a source', () => {
  test('reset publish everything again, although the broker knows the names and sequences of before', async () => {
    const topic = await world.newTopic();
    world.list.add('p', ...texts(5));
    const source = await stopped(listSource(topic));
    await world.attempt(source);
    await ask(source, 'POST', 'positions');
    await world.attempt(await current(source));
    await ask(source, 'PUT', 'positions', { p: { next: 3 } });
    for (let runs = 0; runs < 2; runs++) await world.attempt(await current(source));
    expect(await world.texts(topic)).toEqual([...texts(5), ...texts(5), 'r3', 'r4']);
  });

  test('mend PIO_PROGRESS_UNCERTAIN: set to what GET shows, the source goes on from there', async () => {
    const topic = await world.newTopic({ isKept: false });
    world.list.add('p', ...texts(10));
    world.list.pageRecords = 4;
    const source = await current(listSource(topic));
    await world.attempt(source, { watch: crashAt('producer.sendEntry', 'before', { nth: 3 }) }).catch(() => undefined);
    for (const { name } of await subscriptions(topic))
      await world.broker.admin('DELETE', `${world.pathOf(topic)}/subscription/${name}?force=true`);
    await world.broker.admin('PUT', `${world.pathOf(topic)}/unload`);
    await world.forgetNames(topic);
    await world.broker.admin('PUT', `${world.pathOf(topic)}/unload`);
    const uncertain = {
      code: 'PIO_PROGRESS_UNCERTAIN',
      message: expect.stringContaining('PUT the positions that GET shows'),
    };
    await expect(world.attempt(source)).rejects.toMatchObject(uncertain);
    await stopped(source);
    const { partitions } = (await ask(source, 'GET', 'positions')) as {
      partitions: { partition: string; position: unknown }[];
    };
    await ask(
      source,
      'PUT',
      'positions',
      Object.fromEntries(partitions.map(({ partition, position }) => [partition, position])),
    );
    await world.broker.admin('PUT', `${world.pathOf(topic)}/subscription/keeper2`, {
      ledgerId: -1,
      entryId: -1,
      partitionIndex: -1,
    });
    await expect(world.attempt(await current(source))).resolves.toEqual({ end: 'finished' });
    expect((await world.texts(topic)).slice(-2)).toEqual(texts(2, 8));
  });

  const subscriptions = async (topic: string): Promise<{ name: string }[]> =>
    ((await world.deps.pulsar?.subscriptions(topic)) ?? []).map((name) => ({ name: encodeURIComponent(name) }));
});
