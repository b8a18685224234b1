import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { assignedInstance } from '../../src/core/assignment.ts';
import { type SinkConnector, subscriptionOf } from '../../src/core/connector.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { SinkRecord } from '../../src/core/record.ts';
import { runInstance } from '../../src/runtime/instance-run.ts';
import { Leftovers } from '../../src/runtime/leftovers.ts';
import { sinkWork } from '../../src/runtime/sink-run.ts';
import { ask, current } from './kit/admin.ts';
import { crashAt, crashAtCall, type PortCall, type Watch } from './kit/ports.ts';
import { memorySink, World } from './kit/world.ts';

const LIMIT_MS = 360_000;

let world: World;
beforeEach(async () => {
  world = await World.start();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const refuse = (...texts: readonly string[]) => {
  world.target.failureOf = ({ value }: SinkRecord) =>
    texts.includes(String(value)) ? new PulsarIoError('PIO_SINK_REJECTED', 'never') : undefined;
};
const publish = (topic: string, ...texts: readonly string[]) =>
  world.publish(topic, texts, { keys: texts.map(([key = '']) => key) });

let names = 0;
/** A sink that has dead-lettered a1 and parked a2 and a3 behind it. */
const parked = async (
  type: 'transactional' | 'versioned' | 'plain',
  guarantee: 'EFFECTIVELY_ONCE' | 'ATLEAST_ONCE',
) => {
  world.target.effects.length = 0;
  world.target.frontiers.clear();
  world.target.versionsSeen.clear();
  const [topic, letters] = [await world.newTopic(), await world.newTopic()];
  const more = { deadLetterTopic: letters, retainOrdering: true, name: `out-${names++}` };
  const sink = await current(world, memorySink(topic, type, guarantee, more));
  await publish(topic, 'b1', 'a1', 'a2', 'b2', 'a3');
  refuse('a1');
  await world.drain(sink);
  expect(await world.texts(letters)).toEqual(['a1', 'a2', 'a3']);
  world.target.effects.length = 0;
  refuse();
  return { topic, letters, sink };
};
/** What an update does. */
const update = async (sink: SinkConnector, change: Partial<SinkConnector['config']>) => {
  const registered = await world.deps.registry.get(sink.config);
  if (registered?.connector.kind !== 'sink') throw new Error('there is no such sink');
  const { connector } = registered;
  const { generation, config } = connector;
  await world.deps.registry.update(registered, {
    ...connector,
    generation: generation + 1,
    config: { ...config, ...change },
  });
};
/** A whole run of instance 0. */
const run = async (sink: SinkConnector) => {
  const { kind, uid, generation, config } = await current(world, sink);
  const { tenant, namespace, name } = config;
  const request = { kind, tenant, namespace, name, uid, generation, instance: 0, notAfterMs: Date.now() + LIMIT_MS };
  await runInstance(request, () => LIMIT_MS, { ...world.deps, leftovers: new Leftovers() }, sinkWork);
};
const held = async (sink: SinkConnector) =>
  ((await ask(world, sink, 'GET', 'dead-letters')) as { topics: { count: number }[] }).topics[0]?.count;

describe.each(['transactional', 'versioned'] as const)('sending back the dead letters of a %s target', (type) => {
  const step = type === 'transactional' ? 1 : 3;

  test(
    'writes them once, in order, before what came since, wherever a run dies; then the key goes on by itself',
    async () => {
      for (let at = 1, isOver = false; !isOver; at += step) {
        const { topic, sink } = await parked(type, 'EFFECTIVELY_ONCE');
        await publish(topic, 'a4');
        expect(await ask(world, sink, 'POST', 'dead-letters')).toMatchObject({ redrive: 1, letters: 3 });
        const ordered = await current(world, sink);
        const watch = crashAtCall(at);
        isOver = await world.attempt(ordered, { watch }).then(
          () => true,
          () => false,
        );
        for (let runs = 0; runs < 2; runs++) await world.drain(ordered);
        await publish(topic, 'a5');
        await world.drain(ordered);
        const { effects, versionsSeen } = world.target;
        const order = [...new Set(effects)];
        expect({ at, order, held: await held(sink) }).toEqual({ at, order: ['a1', 'a2', 'a3', 'a4', 'a5'], held: 0 });
        if (type === 'transactional') expect({ at, effects }).toEqual({ at, effects: order });
        else
          expect({ at, seen: [...versionsSeen].filter((seen) => seen.startsWith('a1@')).length }).toEqual({
            at,
            seen: 1,
          });
        expect(at).toBeLessThan(200);
      }
    },
    LIMIT_MS,
  );

  test(
    'that is asked for again before the first time was through keeps the order, wherever the first run dies',
    async () => {
      for (let at = 1, isOver = false; !isOver; at += 2 * step) {
        const { sink } = await parked(type, 'EFFECTIVELY_ONCE');
        refuse('a1');
        await ask(world, sink, 'POST', 'dead-letters');
        const watch = crashAtCall(at);
        isOver = await world.attempt(await current(world, sink), { watch }).then(
          () => true,
          () => false,
        );
        refuse();
        await ask(world, sink, 'POST', 'dead-letters');
        await world.drain(await current(world, sink));
        const last = [...new Set(world.target.effects.toReversed())].toReversed();
        if (type === 'transactional') expect({ at, effects: world.target.effects }).toEqual({ at, effects: last });
        expect({ at, effects: last, held: await held(sink) }).toEqual({
          at,
          effects: ['a1', 'a2', 'a3'],
          held: 0,
        });
        expect(at).toBeLessThan(200);
      }
    },
    LIMIT_MS,
  );

  test('gives a record its original version, topic and properties (rule 40)', async () => {
    const { topic, letters, sink } = await parked(type, 'EFFECTIVELY_ONCE');
    const seen: SinkRecord[] = [];
    world.target.failureOf = (record) => void seen.push(record);
    await ask(world, sink, 'POST', 'dead-letters');
    await world.drain(await current(world, sink));
    const first = seen.find(({ value }) => value === 'a1');
    expect(first).toMatchObject({ topic, properties: {}, key: 'a' });
    const versions = (await world.read(letters)).map(({ properties }) => Number(properties['pulsar-io.version']));
    expect(seen.map(({ version }) => version)).toEqual(versions);
  });

  test.each([
    ['wherever a run dies', 0, step],
    ['wherever the run behind one dies that had sent the first of it', 1, 2 * step],
    ['wherever the run behind one dies that had sent both', 2, 2 * step],
  ])(
    'keeps what fails again, and its key behind it, %s',
    async (_, nth, step) => {
      for (let at = 1, isOver = false; !isOver; at += step) {
        const { letters, sink } = await parked(type, 'EFFECTIVELY_ONCE');
        refuse('a2');
        await ask(world, sink, 'POST', 'dead-letters');
        const ordered = await current(world, sink);
        if (nth > 0) {
          const first = crashAt('producer.sendEntry', 'after', { nth, topic: letters });
          await expect(world.attempt(ordered, { watch: first })).rejects.toThrow();
          // What is known as a letter is not given to a target that would take it now.
          refuse();
        }
        const watch = crashAtCall(at);
        isOver = await world.attempt(ordered, { watch }).then(
          () => true,
          () => false,
        );
        await world.drain(ordered);
        const effects = [...new Set(world.target.effects)];
        const kept = {
          at,
          effects: effects.slice(0, 1),
          letters: (await world.texts(letters)).slice(3),
          held: await held(sink),
        };
        expect(kept).toEqual({ at, effects: ['a1'], letters: ['a2', 'a3'], held: 2 });
        if (type === 'transactional') expect({ at, effects }).toEqual({ at, effects: ['a1'] });
        expect(at).toBeLessThan(200);
      }
    },
    LIMIT_MS,
  );
});

describe('a letter that a run decided and did not publish', () => {
  /** a4 follows the letters of its key: a run has written that down, and is at the publishing of it. */
  const decided = async () => {
    const { topic, letters, sink } = await parked('transactional', 'EFFECTIVELY_ONCE');
    await publish(topic, 'a4');
    refuse('a1');
    return { topic, letters, sink, publishing: { topic: letters, nth: 1 } };
  };
  const sendBack = async (sink: SinkConnector) => {
    await ask(world, sink, 'POST', 'dead-letters');
    return current(world, sink);
  };
  const writtenAtLast = async (sink: SinkConnector) => {
    refuse();
    await world.drain(await sendBack(sink));
    return { effects: world.target.effects, held: await held(sink) };
  };

  test('is published before letters are sent back, and is one of them', async () => {
    const { letters, sink, publishing } = await decided();
    await expect(world.attempt(sink, { watch: crashAt('producer.sendEntry', 'before', publishing) })).rejects.toThrow();
    await world.drain(await sendBack(sink));
    expect(await world.texts(letters)).toEqual(['a1', 'a2', 'a3', 'a4', 'a1', 'a2', 'a3', 'a4']);
    expect(await writtenAtLast(sink)).toEqual({ effects: ['a1', 'a2', 'a3', 'a4'], held: 0 });
  });

  test('does not come between those that fail again when the run was only frozen', async () => {
    const { letters, sink } = await decided();
    const [frozen, woken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const isLetter: (call: PortCall, phase: PortCall['phase']) => boolean = ({ name, topic, phase }, wanted) =>
      name === 'producer.sendEntry' && topic === letters && phase === wanted;
    const freeze: Watch = async (call) => {
      if (!isLetter(call, 'before')) return;
      frozen.resolve();
      await woken.promise;
    };
    const first = world.attempt(sink, { watch: freeze }).catch(() => undefined);
    await frozen.promise;
    const wake = async () => {
      woken.resolve();
      await first;
    };
    const watch: Watch = async (call) => (isLetter(call, 'after') ? wake() : undefined);
    await world.attempt(await sendBack(sink), { watch }).catch(() => undefined);
    await wake();
    await world.drain(await current(world, sink));
    expect(await writtenAtLast(sink)).toEqual({ effects: ['a1', 'a2', 'a3', 'a4'], held: 0 });
  });

  test('is not waited for when somebody skipped it', async () => {
    const { topic, letters, sink, publishing } = await decided();
    await expect(world.attempt(sink, { watch: crashAt('producer.sendEntry', 'before', publishing) })).rejects.toThrow();
    await world.deps.pulsar?.skip(topic, subscriptionOf(sink.config), 'all');
    await world.drain(await sendBack(sink));
    expect(await world.texts(letters)).toEqual(['a1', 'a2', 'a3', 'a1', 'a2', 'a3']);
  });
});

test('under ATLEAST_ONCE the order of a key ends right after its letters are sent back', async () => {
  const { topic, sink } = await parked('plain', 'ATLEAST_ONCE');
  await publish(topic, 'a4');
  await ask(world, sink, 'POST', 'dead-letters');
  await world.drain(await current(world, sink));
  expect([...new Set(world.target.effects)]).toEqual(['a1', 'a2', 'a3', 'a4']);
});

test('under ATLEAST_ONCE what follows a letter that fails once more is written behind it', async () => {
  const { sink } = await parked('plain', 'ATLEAST_ONCE');
  let failures = 0;
  world.target.failureOf = ({ value }) =>
    value === 'a2' && failures++ === 0 ? new PulsarIoError('PIO_SINK_UNAVAILABLE', 'not now') : undefined;
  await ask(world, sink, 'POST', 'dead-letters');
  await world.drain(await current(world, sink));
  expect(world.target.effects).toEqual(['a1', 'a3', 'a2', 'a3']);
});

describe.each(['transactional', 'versioned'] as const)('of a %s target', (type) => {
  test('letters in another dead-letter topic are sent back, too, although their ids are lower', async () => {
    const other = await world.newTopic();
    const { topic, sink } = await parked(type, 'EFFECTIVELY_ONCE');
    await ask(world, sink, 'POST', 'dead-letters');
    await world.drain(await current(world, sink));
    await update(sink, { deadLetterTopic: other });
    refuse('c1');
    await publish(topic, 'c1', 'c2');
    await world.drain(await current(world, sink));
    expect(await world.texts(other)).toEqual(['c1', 'c2']);
    world.target.effects.length = 0;
    refuse('c2');
    await ask(world, sink, 'POST', 'dead-letters');
    await world.drain(await current(world, sink));
    refuse();
    await ask(world, sink, 'POST', 'dead-letters');
    await world.drain(await current(world, sink));
    expect(world.target.effects).toEqual(['c1', 'c2']);
  });

  test('a redrive is finished when its topic goes to an instance that had nothing to send back', async () => {
    let found = await parked(type, 'EFFECTIVELY_ONCE');
    while (assignedInstance(found.topic, 2) === 0) found = await parked(type, 'EFFECTIVELY_ONCE');
    await update(found.sink, { parallelism: 2 });
    await ask(world, found.sink, 'POST', 'dead-letters');
    await run(found.sink);
    expect(world.target.effects).toEqual([]);
    await update(found.sink, { parallelism: 1 });
    await run(found.sink);
    expect(world.target.effects).toEqual(['a1', 'a2', 'a3']);
    await run(found.sink);
    expect(world.target.effects).toEqual(['a1', 'a2', 'a3']);
  });
});

test('takes the first letters only when that is asked for, and the key stays parked', async () => {
  const { topic, letters, sink } = await parked('transactional', 'EFFECTIVELY_ONCE');
  expect(await ask(world, sink, 'POST', 'dead-letters?max=2')).toMatchObject({ letters: 2 });
  await world.drain(await current(world, sink));
  await publish(topic, 'a4');
  await world.drain(await current(world, sink));
  expect({ effects: world.target.effects, letters: await world.texts(letters) }).toEqual({
    effects: ['a1', 'a2'],
    letters: ['a1', 'a2', 'a3', 'a4'],
  });
});

test.each([
  ['transactional', 3],
  ['versioned', 5],
] as const)(
  'the first letters of a %s target end at one that fails again, wherever a run dies: it stays before what follows it',
  async (type, step) => {
    for (let at = 1, isOver = false; !isOver; at += step) {
      const { letters, sink } = await parked(type, 'EFFECTIVELY_ONCE');
      refuse('a2');
      await ask(world, sink, 'POST', 'dead-letters?max=2');
      const watch = crashAtCall(at);
      isOver = await world.attempt(await current(world, sink), { watch }).then(
        () => true,
        () => false,
      );
      await world.drain(await current(world, sink));
      expect({ at, letters: await world.texts(letters) }).toEqual({ at, letters: ['a1', 'a2', 'a3'] });
      refuse();
      await ask(world, sink, 'POST', 'dead-letters');
      await world.drain(await current(world, sink));
      const effects = [...new Set(world.target.effects)];
      expect({ at, effects, held: await held(sink) }).toEqual({ at, effects: ['a1', 'a2', 'a3'], held: 0 });
      expect(at).toBeLessThan(200);
    }
  },
);

test('dropping letters frees their key, and needs a confirmation', async () => {
  const { topic, sink } = await parked('transactional', 'EFFECTIVELY_ONCE');
  await expect(ask(world, sink, 'DELETE', 'dead-letters')).rejects.toThrow(`?confirm=${sink.config.name}`);
  expect(await ask(world, sink, 'DELETE', `dead-letters?confirm=${sink.config.name}`)).toEqual({ dropped: 3 });
  await world.drain(await current(world, sink));
  await publish(topic, 'a4');
  await world.drain(await current(world, sink));
  expect(world.target.effects).toEqual(['a4']);
});

test('is refused where it could undo newer records, unless that is allowed', async () => {
  const [topic, letters] = [await world.newTopic(), await world.newTopic()];
  const sink = await current(
    world,
    memorySink(topic, 'transactional', 'EFFECTIVELY_ONCE', { deadLetterTopic: letters }),
  );
  await publish(topic, 'a1', 'a2');
  refuse('a1');
  await world.drain(sink);
  refuse();
  await expect(ask(world, sink, 'POST', 'dead-letters')).rejects.toThrow('may undo a newer record');
  await ask(world, sink, 'POST', 'dead-letters?allowReordering=true');
  await world.drain(await current(world, sink));
  expect(world.target.effects).toEqual(['a2', 'a1']);
});

test('letters are shown with their reason, and nothing sensitive of their payload', async () => {
  const [topic, letters] = [await world.newTopic(), await world.newTopic()];
  const sink = await current(
    world,
    memorySink(topic, 'transactional', 'EFFECTIVELY_ONCE', { deadLetterTopic: letters }),
  );
  world.target.failureOf = () => new PulsarIoError('PIO_SINK_REJECTED', 'never');
  await world.publish(topic, ['{"id":1,"user":{"password":"hunter2"}}', 'plain hunter2']);
  await world.drain(sink);
  const { topics } = (await ask(world, sink, 'GET', 'dead-letters?max=5')) as {
    topics: { count: number; letters: object[] }[];
  };
  expect(topics).toMatchObject([
    {
      topic: letters,
      count: 2,
      letters: [
        { error: 'PIO_SINK_REJECTED', reason: 'never', topic, preview: '{"id":1,"user":{"password":"********"}}' },
        { preview: '(13 bytes that are no JSON)' },
      ],
    },
  ]);
  expect(JSON.stringify(topics)).not.toContain('hunter2');
});
