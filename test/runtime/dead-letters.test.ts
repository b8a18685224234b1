import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SinkConnector } from '../../src/core/connector.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { SinkRecord } from '../../src/core/record.ts';
import { crashAt, crashAtCall } from './kit/ports.ts';
import { memorySink, World } from './kit/world.ts';

const LIMIT_MS = 360_000;
const rejected = () => new PulsarIoError('PIO_SINK_REJECTED', 'never');

let world: World;
beforeEach(async () => {
  world = await World.start();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

/** Texts are key and number: `a1`, `a2`, `b1`. */
const TEXTS = ['b1', 'a1', 'a2', 'b2', 'a3', 'c1'];
const isOf = (key: string) => (text: string) => text.startsWith(key);
const refuse = (...texts: readonly string[]) => {
  world.target.failureOf = ({ value }: SinkRecord) => (texts.includes(String(value)) ? rejected() : undefined);
};

const newSink = async (
  type: 'transactional' | 'versioned' | 'plain',
  guarantee: 'EFFECTIVELY_ONCE' | 'ATLEAST_ONCE',
  more: Partial<SinkConnector['config']> = {},
) => {
  const [topic, letters] = [await world.newTopic(), await world.newTopic()];
  const sink = memorySink(topic, type, guarantee, { deadLetterTopic: letters, ...more });
  await world.publish(topic, TEXTS, { keys: TEXTS.map(([key = '']) => key) });
  return { topic, letters, sink };
};

/** Runs a fresh sink for every call that a run may die at, lets it die there, and runs it to the end. */
const dieEverywhere = async (
  make: () => Promise<{ sink: SinkConnector; letters: string }>,
  check: (letters: string[], at: number) => void,
  beforeNext: () => void = () => undefined,
) => {
  for (let at = 1, isOver = false; !isOver; at++) {
    world.target.effects.length = 0;
    world.target.frontiers.clear();
    const { sink, letters } = await make();
    const watch = crashAtCall(at);
    isOver = await world.attempt(sink, { watch }).then(
      () => true,
      () => false,
    );
    beforeNext();
    await world.drain(sink);
    check(await world.texts(letters), at);
    expect(at).toBeLessThan(200);
  }
};

describe.each(['transactional', 'versioned'] as const)('dead letters under EFFECTIVELY_ONCE of a %s target', (type) => {
  test(
    'are never written as well, although the target takes them after the crash',
    () =>
      dieEverywhere(
        async () => {
          refuse('a1', 'a2');
          return newSink(type, 'EFFECTIVELY_ONCE');
        },
        (letters, at) => {
          const effects = [...new Set(world.target.effects)];
          const both = letters.filter((text) => effects.includes(text));
          expect({ at, both, letters: new Set(letters).size, all: new Set([...letters, ...effects]).size }).toEqual({
            at,
            both: [],
            letters: letters.length,
            all: TEXTS.length,
          });
        },
        () => refuse(),
      ),
    LIMIT_MS,
  );

  test(
    'stay dead letters when the run that finds several of them published dies as well',
    () =>
      dieEverywhere(
        async () => {
          refuse('a1', 'a2');
          const made = await newSink(type, 'EFFECTIVELY_ONCE');
          const watch = crashAt('producer.sendEntry', 'after', { nth: 2, topic: made.letters });
          await expect(world.attempt(made.sink, { watch })).rejects.toThrow();
          expect(await world.texts(made.letters)).toEqual(['a1', 'a2']);
          return made;
        },
        (letters, at) => {
          const both = letters.filter((text) => world.target.effects.includes(text));
          expect({ at, both, letters }).toEqual({ at, both: [], letters: ['a1', 'a2'] });
        },
        () => refuse(),
      ),
    LIMIT_MS,
  );

  test(
    'park their key where an order was asked for: later records follow in order, once, wherever a run dies',
    () =>
      dieEverywhere(
        async () => {
          refuse('a1');
          return newSink(type, 'EFFECTIVELY_ONCE', { retainOrdering: true });
        },
        (letters, at) => {
          const others = [...new Set(world.target.effects.filter((text) => !isOf('a')(text)))];
          expect({ at, letters, others }).toEqual({ at, letters: ['a1', 'a2', 'a3'], others: ['b1', 'b2', 'c1'] });
          if (type === 'transactional') expect(world.target.effects.filter(isOf('a'))).toEqual([]);
        },
      ),
    LIMIT_MS,
  );
});

test.each([{ retainOrdering: true }, { retainKeyOrdering: true }])(
  'under ATLEAST_ONCE with %j no record of a parked key passes its dead letter, wherever a run dies',
  (ordering) =>
    dieEverywhere(
      async () => {
        refuse('a1');
        return newSink('plain', 'ATLEAST_ONCE', ordering);
      },
      (letters, at) => {
        const firsts = [...new Set(letters)];
        const last = letters.slice(letters.lastIndexOf('a1'));
        expect({ at, firsts, ends: [...new Set(last)] }).toEqual({
          at,
          firsts: ['a1', 'a2', 'a3'],
          ends: ['a1', 'a2', 'a3'],
        });
        expect(new Set(world.target.effects.filter((text) => !isOf('a')(text)))).toEqual(new Set(['b1', 'b2', 'c1']));
      },
    ),
  LIMIT_MS,
);

test.each([
  [{}, { retainOrdering: false }],
  [{ deadLetterKeys: 'pass' }, { retainOrdering: true }],
  [{}, { retainKeyOrdering: true, parallelism: 2 }],
])('with options %j and %j later records pass a dead letter of their key', async (options, ordering) => {
  refuse('a1');
  const customRuntimeOptions = JSON.stringify(options);
  const guarantee = 'retainKeyOrdering' in ordering ? 'ATLEAST_ONCE' : 'EFFECTIVELY_ONCE';
  const { sink, letters } = await newSink('transactional', guarantee, { customRuntimeOptions, ...ordering });
  await world.drain(sink);
  expect(await world.texts(letters)).toEqual(['a1']);
  expect(world.target.effects.filter(isOf('a'))).toEqual(['a2', 'a3']);
});

test('the letters of a parked key say that they follow one', async () => {
  refuse('a1');
  const { sink, letters } = await newSink('transactional', 'EFFECTIVELY_ONCE', { retainOrdering: true });
  await world.drain(sink);
  expect((await world.read(letters)).map(({ properties }) => properties['pulsar-io.error'])).toEqual([
    'PIO_SINK_REJECTED',
    'PIO_KEY_PARKED',
    'PIO_KEY_PARKED',
  ]);
});
