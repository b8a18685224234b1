import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type SinkConnector, subscriptionOf } from '../../src/core/connector.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { SinkRecord } from '../../src/core/record.ts';
import { RunControl } from '../../src/runtime/run-control.ts';
import { crashAtCall, type PortCall, toCrash } from './kit/ports.ts';
import { memorySink, texts, updated, World } from './kit/world.ts';

const rejected = () => new PulsarIoError('PIO_SINK_REJECTED', 'never');
const unavailable = () => new PulsarIoError('PIO_SINK_UNAVAILABLE', 'not now');
const textOf = ({ value }: SinkRecord): string => String(value);

describe('a sink', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
    world.target.maxBatchRecords = 3;
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const subscriptionPath = (topic: string, { config }: SinkConnector) =>
    `${world.pathOf(topic)}/subscription/${encodeURIComponent(subscriptionOf(config))}`;
  const startOver = () => {
    world.target.effects.length = 0;
    world.target.frontiers.clear();
    world.target.versions.clear();
  };
  /** Makes a fresh delivery for every call that a run may die at, lets it die there, runs again, and compares. */
  const dieEverywhere = async (make: () => Promise<{ sink: SinkConnector; check: (at: number) => Promise<void> }>) => {
    for (let at = 1, isOver = false; !isOver; at++) {
      startOver();
      const { sink, check } = await make();
      isOver = await world.attempt(sink, { watch: crashAtCall(at) }).then(() => true, toCrash);
      await world.drain(sink);
      await check(at);
      expect(at).toBeLessThan(200);
    }
  };
  /** Eight messages in one entry, then three entries. */
  const publishAll = async (topic: string) => {
    await world.publish(topic, texts(8), { asOne: true });
    await world.publish(topic, texts(3, 8));
  };

  test('of a transactional target is exact whichever call of a port a run dies at, and dead-letters exactly once', async () => {
    world.target.failureOf = (record) => (['r1', 'r5'].includes(textOf(record)) ? rejected() : undefined);
    await dieEverywhere(async () => {
      const [topic, letters] = [await world.newTopic(), await world.newTopic()];
      const sink = memorySink(topic, 'transactional', 'EFFECTIVELY_ONCE', { deadLetterTopic: letters });
      await publishAll(topic);
      const check = async (at: number) => {
        const found = { at, effects: world.target.effects, letters: await world.texts(letters) };
        const good = texts(11).filter((text) => text !== 'r1' && text !== 'r5');
        expect(found).toEqual({ at, effects: good, letters: ['r1', 'r5'] });
      };
      return { sink, check };
    });
  }, 360_000);

  test('of a versioned target repeats a record only with the same version, whichever call a run dies at (rule 28)', async () => {
    await dieEverywhere(async () => {
      const topic = await world.newTopic();
      const sink = memorySink(topic, 'versioned');
      await publishAll(topic);
      const check = async (at: number) => {
        const { versions, versionsSeen } = world.target;
        const order = [...versions].sort(([, a], [, b]) => a - b).map(([text]) => text);
        expect({ at, order, seen: versionsSeen.size }).toEqual({ at, order: texts(11), seen: 11 });
        versionsSeen.clear();
      };
      return { sink, check };
    });
  }, 360_000);

  test('under ATMOST_ONCE writes nothing twice, and under ATLEAST_ONCE loses nothing, whichever call a run dies at (rule 24)', async () => {
    for (const guarantee of ['ATMOST_ONCE', 'ATLEAST_ONCE'] as const) {
      await dieEverywhere(async () => {
        const topic = await world.newTopic();
        await publishAll(topic);
        const check = async (at: number) => {
          const { effects } = world.target;
          const distinct = new Set(effects).size;
          const found = guarantee === 'ATMOST_ONCE' ? effects.length : distinct;
          expect({ guarantee, at, found }).toEqual({
            guarantee,
            at,
            found: guarantee === 'ATMOST_ONCE' ? distinct : 11,
          });
        };
        return { sink: memorySink(topic, 'plain', guarantee), check };
      });
    }
  }, 360_000);

  test('refuses the transaction of a run that slept while its successor finished (rule 15)', async () => {
    const topic = await world.newTopic();
    const sink = memorySink(topic);
    await world.publish(topic, texts(3));
    const [asleep, woken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const control = new RunControl();
    const watch = async ({ name, phase }: PortCall) => {
      if (name !== 'sink.transact' || phase !== 'before') return;
      control.abort('superseded', new Error('frozen'));
      asleep.resolve();
      await woken.promise;
    };
    const deps = { settings: { ...world.deps.settings, idleMs: 600_000 } };
    const zombie = expect(world.attempt(sink, { watch, control, deps })).rejects.toMatchObject({ code: 'PIO_FENCED' });
    await asleep.promise;
    await world.drain(sink);
    woken.resolve();
    await zombie;
    expect(world.target.effects).toEqual(texts(3));
  });

  test('stops with PIO_FRONTIER_STALE when its frontier lies beyond the end of the topic (rule 25)', async () => {
    const topic = await world.newTopic();
    const sink = memorySink(topic);
    for (let unloads = 0; unloads < 3; unloads++) await world.broker.admin('PUT', `${world.pathOf(topic)}/unload`);
    await world.publish(topic, texts(2));
    await world.drain(sink);
    await using elsewhere = await World.start();
    await elsewhere.publish(topic, texts(2));
    const earliest = { ledgerId: -1, entryId: -1, partitionIndex: -1 };
    await elsewhere.broker.admin('PUT', subscriptionPath(topic, sink), earliest);
    const { catalogue } = world.deps;
    await expect(elsewhere.attempt(sink, { deps: { catalogue } })).rejects.toMatchObject({
      code: 'PIO_FRONTIER_STALE',
      disposition: 'fatal',
    });
    expect(world.target.effects).toEqual(texts(2));
  });

  test('stops with PIO_FRONTIER_STALE when its subscription was deleted, also when it is started again (rule 25)', async () => {
    const topic = await world.newTopic();
    const sink = memorySink(topic);
    await world.publish(topic, texts(2));
    await world.drain(sink);
    await world.broker.admin('DELETE', subscriptionPath(topic, sink));
    await world.publish(topic, texts(2, 2));
    for (let starts = 0; starts < 2; starts++)
      await expect(world.attempt(sink)).rejects.toMatchObject({ code: 'PIO_FRONTIER_STALE', disposition: 'fatal' });
    expect(world.target.effects).toEqual(texts(2));
  });

  test('stays exact when its guarantee changes from EFFECTIVELY_ONCE to ATMOST_ONCE and back (rule 18)', async () => {
    for (const type of ['transactional', 'versioned'] as const) {
      startOver();
      const topic = await world.newTopic();
      const exact = memorySink(topic, type);
      const atMost = updated(exact, { processingGuarantees: 'ATMOST_ONCE' });
      const exactAgain = updated(atMost, { processingGuarantees: 'EFFECTIVELY_ONCE' });
      for (const [index, sink] of [exact, atMost, exactAgain].entries()) {
        await world.publish(topic, texts(4, index * 4));
        await world.drain(sink);
        // A broker that is killed forgets the acknowledgements: only the frontier knows.
        await world.broker.killAndRestart();
      }
      await world.drain(exactAgain);
      expect({ type, effects: world.target.effects }).toEqual({ type, effects: texts(12) });
    }
  });

  test('loses nothing when its guarantee changes from EFFECTIVELY_ONCE to ATLEAST_ONCE and back (rule 26)', async () => {
    const topic = await world.newTopic();
    const exact = memorySink(topic);
    const atLeast = updated(exact, { processingGuarantees: 'ATLEAST_ONCE' });
    const exactAgain = updated(atLeast, { processingGuarantees: 'EFFECTIVELY_ONCE' });
    for (const [index, sink] of [exact, atLeast, exactAgain].entries()) {
      await world.publish(topic, texts(4, index * 4));
      await world.drain(sink);
    }
    expect(world.target.effects).toEqual(texts(12));
  });

  test('tells the broker again what that forgot of its acknowledgements, and writes nothing twice (rule 24)', async () => {
    const topic = await world.newTopic();
    const sink = memorySink(topic);
    await publishAll(topic);
    await world.drain(sink);
    await world.broker.killAndRestart();
    expect(await world.backlog(sink)).toBe(4);
    await world.drain(sink);
    expect({ backlog: await world.backlog(sink), effects: world.target.effects }).toEqual({
      backlog: 0,
      effects: texts(11),
    });
  });

  test('dead-letters in the order of the log, also when an older record fails for good after a newer one (rule 38)', async () => {
    for (const type of ['transactional', 'versioned'] as const) {
      startOver();
      const [topic, letters] = [await world.newTopic(), await world.newTopic()];
      world.target.maxBatchRecords = 10;
      world.target.failureOf = (record) => ({ r2: unavailable(), r4: rejected() })[textOf(record) as 'r2' | 'r4'];
      const sink = memorySink(topic, type, 'EFFECTIVELY_ONCE', { deadLetterTopic: letters, maxMessageRetries: 2 });
      await world.publish(topic, texts(6), { asOne: true });
      await world.drain(sink);
      const found = { type, letters: await world.texts(letters), effects: [...world.target.effects].sort() };
      expect(found).toEqual({ type, letters: ['r2', 'r4'], effects: ['r0', 'r1', 'r3', 'r5'] });
    }
  });

  test('finds the record to blame when a target can only refuse the whole transaction', async () => {
    const [topic, letters] = [await world.newTopic(), await world.newTopic()];
    world.target.maxBatchRecords = 10;
    world.target.isBlameKnown = false;
    world.target.failureOf = (record) => (textOf(record) === 'r6' ? rejected() : undefined);
    const sink = memorySink(topic, 'transactional', 'EFFECTIVELY_ONCE', { deadLetterTopic: letters });
    await world.publish(topic, texts(10), { asOne: true });
    await world.drain(sink);
    expect({ letters: await world.texts(letters), effects: world.target.effects }).toEqual({
      letters: ['r6'],
      effects: texts(10).filter((text) => text !== 'r6'),
    });
  });

  test('keeps what lies before a record that its target does not take now, and nothing passes that record by', async () => {
    for (const type of ['transactional', 'versioned'] as const) {
      startOver();
      const topic = await world.newTopic();
      const sink = memorySink(topic, type);
      world.target.maxBatchRecords = 10;
      world.target.failureOf = (record) => (textOf(record) === 'r3' ? unavailable() : undefined);
      const settings = { ...world.deps.settings, idleMs: 600_000, maxWaitInRunMs: 0 };
      await world.publish(topic, texts(6), { asOne: true });
      await expect(world.attempt(sink, { deps: { settings } })).rejects.toMatchObject({
        code: 'PIO_SINK_UNAVAILABLE',
        disposition: 'retry',
      });
      expect(world.target.effects.slice(0, 3)).toEqual(texts(3));
      world.target.failureOf = () => undefined;
      await world.drain(sink);
      const { effects, versions } = world.target;
      const order = [...versions].sort(([, one], [, other]) => one - other).map(([text]) => text);
      expect({ type, order: type === 'versioned' ? order : effects }).toEqual({ type, order: texts(6) });
    }
  });

  test('under ATLEAST_ONCE asks for a failed record again, and dead-letters it after maxMessageRetries', async () => {
    const [topic, letters] = [await world.newTopic(), await world.newTopic()];
    let tries = 0;
    world.target.failureOf = (record) => {
      if (textOf(record) !== 'r2') return undefined;
      tries += 1;
      return unavailable();
    };
    const sink = memorySink(topic, 'plain', 'ATLEAST_ONCE', {
      deadLetterTopic: letters,
      maxMessageRetries: 2,
      negativeAckRedeliveryDelayMs: 1,
    });
    await world.publish(topic, texts(5));
    const control = new RunControl();
    const watch = ({ name, phase, topic: of }: PortCall) => {
      if (name === 'producer.sendEntry' && phase === 'after' && of === letters) control.stop('stopped');
    };
    await world.attempt(sink, { watch, control, deps: { settings: { ...world.deps.settings, idleMs: 600_000 } } });
    expect({ tries, letters: await world.texts(letters), effects: world.target.effects }).toEqual({
      tries: 3,
      letters: ['r2'],
      effects: ['r0', 'r1', 'r3', 'r4'],
    });
    expect(await world.backlog(sink)).toBe(0);
  });

  test('with retainOrdering leaves the effects of its records in their order, also when one fails for a while', async () => {
    const topic = await world.newTopic();
    let failures = 2;
    world.target.maxBatchRecords = 4;
    world.target.failureOf = (record) => (textOf(record) === 'r1' && failures-- > 0 ? unavailable() : undefined);
    await world.publish(topic, texts(8));
    await world.drain(memorySink(topic, 'plain', 'ATLEAST_ONCE', { retainOrdering: true }));
    const { effects } = world.target;
    const last = texts(8).map((text) => effects.lastIndexOf(text));
    expect(last).toEqual([...last].sort((a, b) => a - b));
    expect(new Set(effects).size).toBe(8);
  });

  test('with retainKeyOrdering holds back only the key of a record that fails', async () => {
    const topic = await world.newTopic();
    let failures = 1;
    world.target.maxBatchRecords = 4;
    world.target.failureOf = (record) => (textOf(record) === 'r0' && failures-- > 0 ? unavailable() : undefined);
    await world.publish(topic, texts(4), { keys: ['a', 'b', 'a', 'b'], asOne: true });
    await world.drain(memorySink(topic, 'plain', 'ATLEAST_ONCE', { retainKeyOrdering: true }));
    expect(world.target.effects).toEqual(['r1', 'r2', 'r3', 'r0', 'r2']);
  });

  test('shares the partitions of a topic among its instances, each with a frontier of its own (rule 17)', async () => {
    const topic = await world.newTopic({ partitions: 3 });
    const sink = memorySink(topic, 'transactional', 'EFFECTIVELY_ONCE', { parallelism: 2 });
    for (const index of [0, 1, 2]) await world.publish(`${topic}-partition-${index}`, texts(3, index * 10));
    do for (const instance of [0, 1]) await world.attempt(sink, { instance });
    while ((await world.backlog(sink)) > 0);
    expect({ effects: [...world.target.effects].sort(), frontiers: world.target.frontiers.size }).toEqual({
      effects: [...texts(3), ...texts(3, 10), ...texts(3, 20)].sort(),
      frontiers: 3,
    });
  });

  test('ends every topic of a run when one of them fails', async () => {
    const [good, bad] = [await world.newTopic(), await world.newTopic()];
    const sink = memorySink(good, 'plain', 'ATLEAST_ONCE', { retainOrdering: true });
    const inputSpecs = { ...sink.config.inputSpecs, ...memorySink(bad).config.inputSpecs };
    world.target.failureOf = (record) => (textOf(record) === 'bad' ? unavailable() : undefined);
    await world.publish(bad, ['bad']);
    const settings = { ...world.deps.settings, idleMs: 600_000, maxWaitInRunMs: 0 };
    const both = { ...sink, config: { ...sink.config, inputSpecs } };
    await expect(world.attempt(both, { deps: { settings } })).rejects.toMatchObject({ code: 'PIO_SINK_UNAVAILABLE' });
  });
});
