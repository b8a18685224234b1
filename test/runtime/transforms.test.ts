import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { crashAt, crashAtCall, toCrash } from './kit/ports.ts';
import { listSource, memorySink, queueSource, updated, World } from './kit/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.start();
  world.target.maxBatchRecords = 3;
  world.list.pageRecords = 3;
});
afterEach(() => world[Symbol.asyncDispose]());

const steps = (...all: readonly object[]) => JSON.stringify({ steps: all });
/** Every third record goes on, with its key from a field and without its secret. */
const config = steps(
  { type: 'drop', when: 'value.n mod 3 != 0' },
  { type: 'drop-fields', fields: 'secret' },
  { type: 'compute', fields: [{ name: 'messageKey', expression: "fn:concat('k', value.n)" }] },
);
const inputs = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => JSON.stringify({ n: from + index, secret: 's' }));
const left = (count: number) =>
  Array.from({ length: count }, (_, n) => n)
    .filter((n) => n % 3 === 0)
    .map((n) => `{"n":${n}}`);
const ofSource = { customRuntimeOptions: JSON.stringify({ transformFunctionConfig: config }) };
const ofSink = { transformFunction: 'builtin://transforms', transformFunctionConfig: config };
/** Crashes at the `at`-th call of any port. */

describe('a sink with transformations', () => {
  test.each([
    ['transactional', 'EFFECTIVELY_ONCE'],
    ['versioned', 'EFFECTIVELY_ONCE'],
    ['plain', 'ATLEAST_ONCE'],
    ['plain', 'ATMOST_ONCE'],
  ] as const)('settles what they drop and writes the rest: %s, %s', async (type, guarantee) => {
    const topic = await world.newTopic();
    const sink = memorySink(topic, type, guarantee, ofSink);
    await world.publish(topic, inputs(11));
    await world.drain(sink);
    expect(world.target.effects).toEqual(left(11));
    await world.publish(topic, inputs(2, 1));
    await world.drain(sink);
    expect(world.target.effects).toEqual(left(11));
    expect(await world.backlog(sink)).toBe(0);
  });

  test('writes each record that goes on once, wherever a run dies', async () => {
    for (let at = 1, isOver = false; !isOver; at += 2) {
      world.target.effects.length = 0;
      world.target.frontiers.clear();
      const topic = await world.newTopic({ isKept: false });
      const sink = memorySink(topic, 'transactional', 'EFFECTIVELY_ONCE', ofSink);
      await world.publish(topic, inputs(7));
      isOver = await world.attempt(sink, { watch: crashAtCall(at) }).then(() => true, toCrash);
      await world.drain(sink);
      expect(world.target.effects).toEqual(left(7));
      expect(at).toBeLessThan(100);
    }
  });

  test('moves what they cannot do to the dead-letter topic as it came, and goes on', async () => {
    const [topic, letters] = [await world.newTopic(), await world.newTopic()];
    const cast = steps({ type: 'cast', spec: 'n:INT64' });
    const more = { ...ofSink, transformFunctionConfig: cast, maxMessageRetries: 1, deadLetterTopic: letters };
    const sink = memorySink(topic, 'plain', 'ATLEAST_ONCE', more);
    await world.publish(topic, ['{"n":"1"}', '{"n":"sekrit"}', '{"n":"3"}']);
    await world.drain(sink);
    expect(world.target.effects).toEqual(['{"n":1}', '{"n":3}']);
    const [letter] = await world.read(letters);
    expect(letter?.text).toBe('{"n":"sekrit"}');
    expect(letter?.properties['pulsar-io.reason']).toMatch(/transforming message .* INT64 is needed/);
    expect(letter?.properties['pulsar-io.reason']).not.toContain('sekrit');
  });
});

describe('a source with transformations', () => {
  test.each(['EFFECTIVELY_ONCE', 'ATLEAST_ONCE', 'ATMOST_ONCE'] as const)(
    'publishes what they leave, with their keys, and does not read the rest again: %s',
    async (guarantee) => {
      const topic = await world.newTopic();
      await world.setDeduplication(topic, true);
      const source = listSource(topic, guarantee, ofSource);
      world.list.add('a', ...inputs(11));
      await world.attempt(source);
      await world.attempt(source);
      expect((await world.read(topic)).map(({ text, key }) => [text, key])).toEqual(
        left(11).map((text) => [text, `k${JSON.parse(text).n}`]),
      );
      expect(await world.progress(source, 'a')).toMatchObject({ sequence: 10, position: { next: 11 } });
    },
  );

  test('gives a record its sequence whatever is dropped before it, and whatever page it comes in', async () => {
    const topic = await world.newTopic();
    await world.setDeduplication(topic, true);
    const source = listSource(topic, 'EFFECTIVELY_ONCE', ofSource);
    world.list.add('a', ...inputs(11));
    world.list.pageRecords = 11;
    await world.attempt(source, { watch: crashAt('producer.sendEntry', 'after') }).catch(toCrash);
    world.list.pageRecords = 2;
    await world.attempt(source);
    expect(await world.texts(topic)).toEqual(left(11));
  });

  test('publishes each record that goes on once, wherever a run dies, also when the steps change behind it', async () => {
    for (let at = 1, isOver = false; !isOver; at += 2) {
      const topic = await world.newTopic();
      await world.setDeduplication(topic, true);
      const source = listSource(topic, 'EFFECTIVELY_ONCE', ofSource);
      world.list.partitions.clear();
      world.list.add('a', ...inputs(7));
      isOver = await world.attempt(source, { watch: crashAtCall(at) }).then(() => true, toCrash);
      const before = await world.texts(topic);
      const changed = steps({ type: 'drop', when: 'value.n mod 3 == 0' });
      await world.attempt(
        updated(source, { customRuntimeOptions: JSON.stringify({ transformFunctionConfig: changed }) }),
      );
      const all = await world.texts(topic);
      expect(all.slice(0, before.length)).toEqual(before);
      expect(new Set(all).size).toBe(all.length);
      const next = (await world.progress(source, 'a'))?.position?.next;
      expect(next).toBe(7);
      expect(at).toBeLessThan(200);
    }
  });

  test.each(['EFFECTIVELY_ONCE', 'ATLEAST_ONCE', 'ATMOST_ONCE'] as const)(
    'takes what they drop out of a queue: %s',
    async (guarantee) => {
      const topic = await world.newTopic();
      await world.setDeduplication(topic, true);
      for (const text of inputs(7)) world.queue.send(text);
      await world.attempt(queueSource(topic, guarantee, ofSource));
      expect((await world.texts(topic)).toSorted()).toEqual(left(7));
      expect(world.queue.left).toEqual([]);
    },
  );
});
