import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SourceConnector } from '../../src/core/connector.ts';
import type { Guarantee } from '../../src/core/guarantee.ts';
import { guardPrefix } from '../../src/core/names.ts';
import { MAX_OUTPUTS } from '../../src/delivery/output-topic.ts';
import { Crash, crashAt, crashAtCall, toCrash } from './kit/ports.ts';
import { listSource, queueSource, updated, World } from './kit/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.start();
  world.list.pageRecords = 3;
});
afterEach(() => world[Symbol.asyncDispose]());

const route = (expression: string, deadLetterTopic?: string) => {
  const steps = [{ type: 'compute', fields: [{ name: 'destinationTopic', expression }] }];
  const transformFunctionConfig = JSON.stringify({ steps });
  return { customRuntimeOptions: JSON.stringify({ transformFunctionConfig, deadLetterTopic }) };
};
const local = (topic: string): string => topic.slice(topic.lastIndexOf('/') + 1);
const inputs = (...to: readonly (string | null)[]) =>
  to.map((topic, n) => JSON.stringify({ n, to: topic && local(topic) }));
const numbers = (texts: readonly string[]): number[] => texts.map((text) => JSON.parse(text).n as number);
const newTopic = async (options: { partitions?: number; isKept?: boolean } = {}): Promise<string> => {
  const topic = await world.newTopic(options);
  await world.setDeduplication(topic, true);
  return topic;
};
const guardsOn = async (topic: string, { uid }: SourceConnector): Promise<number> => {
  const names = await world.deps.pulsar?.subscriptions(topic);
  return (names ?? []).filter((name) => name.startsWith(guardPrefix(uid))).length;
};

describe('a source whose records name their topic', () => {
  test.each(['EFFECTIVELY_ONCE', 'ATLEAST_ONCE', 'ATMOST_ONCE'] as const)(
    'publishes each to its own, in order, and those that name none to the output topic: %s',
    async (guarantee: Guarantee) => {
      const [home, a, b] = [await newTopic(), await newTopic(), await newTopic({ partitions: 2 })];
      const source = listSource(home, guarantee, route('value.to'));
      world.list.add('p', ...inputs(a, b, null, b, a, home, b));
      await world.attempt(source);
      await world.attempt(source);
      expect(numbers(await world.texts(home))).toEqual([2, 5]);
      expect(numbers(await world.texts(a))).toEqual([0, 4]);
      expect(numbers(await world.texts(b, 2)).toSorted()).toEqual([1, 3, 6]);
    },
  );

  test('publishes the messages of a queue to where they name: ATLEAST_ONCE', async () => {
    const [home, a] = [await newTopic(), await newTopic()];
    for (const text of inputs(a, null, a)) world.queue.send(text);
    await world.attempt(queueSource(home, 'ATLEAST_ONCE', route('value.to')));
    expect([numbers(await world.texts(home)), numbers(await world.texts(a)).toSorted()]).toEqual([[1], [0, 2]]);
  });

  test('is exact under EFFECTIVELY_ONCE whichever call of a port a run dies at, also where the broker forgot it', async () => {
    for (let at = 1, isOver = false; !isOver; at += 2) {
      const [home, a, b] = [await newTopic(), await newTopic(), await newTopic({ partitions: 2 })];
      const letters = await world.newTopic();
      const source = listSource(home, 'EFFECTIVELY_ONCE', route('value.to', letters));
      world.list.partitions.clear();
      world.list.add('p', ...inputs(a, null, a, 'persistent://other/ns/x/', b, b, b, null, a));
      isOver = await world.attempt(source, { watch: crashAtCall(at) }).then(() => true, toCrash);
      if (at % 4 === 1) for (const topic of [home, a]) await world.forgetNames(topic);
      await world.attempt(source);
      const found = {
        at,
        home: numbers(await world.texts(home)),
        a: numbers(await world.texts(a)),
        b: numbers(await world.texts(b, 2)).toSorted(),
        letters: numbers(await world.texts(letters)),
      };
      expect(found).toEqual({ at, home: [1, 7], a: [0, 2, 8], b: [4, 5, 6], letters: [3] });
      expect(at).toBeLessThan(300);
    }
  }, 360_000);

  test('writes down that a topic will be published to before it is: an entry there is found although the broker forgot its producer', async () => {
    const [home, a] = [await newTopic(), await newTopic()];
    const source = listSource(home, 'EFFECTIVELY_ONCE', route('value.to'));
    world.list.add('p', ...inputs(a, a, a, null));
    await expect(world.attempt(source, { watch: crashAt('producer.sendEntry', 'after') })).rejects.toThrow(Crash);
    await world.forgetNames(a);
    await world.attempt(source);
    expect([numbers(await world.texts(home)), numbers(await world.texts(a))]).toEqual([[3], [0, 1, 2]]);
  });

  test('finishes what was in doubt by the old routes when they change, and lets go of the topics that were left', async () => {
    const [home, a, b] = [await newTopic(), await newTopic(), await newTopic()];
    const source = listSource(home, 'EFFECTIVELY_ONCE', route('value.to'));
    world.list.add('p', ...inputs(a, a, null));
    await world.attempt(source, { watch: crashAt('producer.sendEntry', 'after') }).catch(toCrash);
    const changed = updated(source, route(`'${local(b)}'`));
    world.list.add('p', ...inputs(a));
    await world.attempt(changed);
    const all = [await world.texts(home), await world.texts(a), await world.texts(b)].map(numbers);
    expect(all.flat().length).toBe(4);
    expect([...(all[0] as number[]), ...(all[1] as number[])].length).toBeGreaterThan(0);
    expect(await guardsOn(a, source)).toBe(0);
    expect(await guardsOn(b, source)).toBe(1);
    expect((await world.progress(source, 'p'))?.destinations).toEqual({ [b]: 0 });
  });

  test('goes on exactly when a destination gets more partitions while something is in doubt', async () => {
    const [home, a] = [await newTopic(), await newTopic({ partitions: 2 })];
    const source = listSource(home, 'EFFECTIVELY_ONCE', route('value.to'));
    world.list.pageRecords = 6;
    world.list.add('p', ...inputs(a, a, a, a, a, a));
    await world.attempt(source, { watch: crashAt('producer.sendEntry', 'after') }).catch(toCrash);
    await world.broker.admin('POST', `${world.pathOf(a)}/partitions`, 3);
    world.list.add('p', ...inputs(a, a, a));
    await world.attempt(source);
    expect(numbers(await world.texts(a, 3)).toSorted((m, n) => m - n)).toEqual([0, 0, 1, 1, 2, 2, 3, 4, 5]);
    expect((await world.progress(source, 'p'))?.destinations).toEqual({ [a]: 3 });
  });

  test('moves what names a topic elsewhere, or one too many, to the dead-letter topic, and does not quote it', async () => {
    const [home, letters, many] = [
      await newTopic(),
      await world.newTopic(),
      await newTopic({ partitions: MAX_OUTPUTS - 2 }),
    ];
    const [pair, last, oneMore] = [await newTopic({ partitions: 2 }), await newTopic(), await newTopic()];
    const source = listSource(home, 'ATLEAST_ONCE', route('value.to', letters));
    const elsewhere = ['secret/ns/x', 'non-persistent://public/default/x', `x-partition-1`].map((to) =>
      JSON.stringify({ to }),
    );
    world.list.add('p', ...elsewhere, ...inputs(many, pair, last, oneMore));
    await world.attempt(source);
    const reasons = (await world.read(letters)).map(({ properties }) => properties['pulsar-io.reason'] ?? '');
    expect(reasons).toEqual([
      expect.stringMatching(/must be a topic of public\/default$/),
      expect.stringMatching(/persistent topic, and not a partition/),
      expect.stringMatching(/persistent topic, and not a partition/),
      expect.stringMatching(/would publish to more than 256 topic-partitions: route to fewer topics/),
      expect.stringMatching(/would publish to more than 256 topic-partitions/),
    ]);
    expect(await world.texts(last)).toHaveLength(1);
    expect(reasons.join()).not.toContain('secret');
  });
});
