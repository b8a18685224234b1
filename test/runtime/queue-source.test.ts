import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SourceConnector } from '../../src/core/connector.ts';
import { GUARANTEES, type Guarantee } from '../../src/core/guarantee.ts';
import { inboxPublisher } from '../../src/core/source-runs.ts';
import { Crash, crashAt, crashAtCall, type PortCall, toCrash, type Watch } from './kit/ports.ts';
import { queueSource, texts, updated, World } from './kit/world.ts';

const DAY_MS = 86_400_000;

describe('a queue source', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start({ maxMessageBytes: 10_000 });
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const newSource = async (guarantee: Guarantee = 'EFFECTIVELY_ONCE', { partitions = 0 } = {}) => {
    const topic = await world.newTopic({ partitions });
    return { topic, source: queueSource(topic, guarantee, { producerConfig: { compressionType: 'NONE' } }) };
  };
  const newOrderedSource = async (guarantee: Guarantee, parallelism: number) => {
    const { topic, source } = await newSource(guarantee);
    world.queue.isOrdered = true;
    return { topic, source: { ...source, config: { ...source.config, parallelism } } };
  };

  /** Acts at the first such call. */
  const once = (name: string, phase: PortCall['phase'], act: () => Promise<void>): Watch => {
    let isDone = false;
    return async (call) => {
      if (isDone || call.name !== name || call.phase !== phase) return;
      isDone = true;
      await act();
    };
  };
  const crash = (source: SourceConnector, ...at: Parameters<typeof crashAt>) =>
    expect(world.attempt(source, { watch: crashAt(...at) })).rejects.toThrow(Crash);
  const isInboxEmpty = ({ uid }: SourceConnector) => world.deps.inbox.isEmpty(uid);

  /** Crashes runs at the first call, then at the second, … each followed by a run that goes on; ends after a run that meets no crash. */
  const atEveryCall = async (
    guarantee: Guarantee,
    check: (found: { topic: string[]; sent: string[]; at: number; source: SourceConnector }) => Promise<void>,
  ) => {
    for (let at = 1, isOver = false; !isOver; at++) {
      const { topic, source } = await newSource(guarantee, { partitions: 2 });
      const sent = texts(12, at * 100);
      world.queue.send(...sent.map((value, n) => ({ value, key: `k${n % 3}` })));
      world.queue.maxReceive = 5;
      const watch = crashAtCall(at);
      isOver = await world.attempt(source, { watch }).then(() => true, toCrash);
      world.queue.expire();
      await world.attempt(source);
      await check({ topic: await world.texts(topic, 2), sent, at, source });
      expect(at).toBeLessThan(300);
    }
  };

  /** Texts of each key in the order of the topic. */
  const orderOf = (found: readonly string[], at: number): string[][] =>
    [0, 1, 2].map((key) => found.filter((text) => (Number(text.slice(1)) - at * 100) % 3 === key));

  test.each(GUARANTEES)(
    'under %s publishes every message once when nothing fails, and settles it',
    async (guarantee) => {
      const { topic, source } = await newSource(guarantee);
      world.queue.send(...texts(25));
      expect(await world.attempt(source)).toEqual({ end: 'idle', nextRunInMs: 60_000 });
      expect({ topic: await world.texts(topic), left: world.queue.left }).toEqual({ topic: texts(25), left: [] });
      expect(await isInboxEmpty(source)).toBe(true);
    },
  );

  test('under EFFECTIVELY_ONCE is exact and in order whichever call of a port a run dies at', async () => {
    world.queue.isOrdered = true;
    await atEveryCall('EFFECTIVELY_ONCE', async ({ topic, sent, at, source }) => {
      expect({ at, topic: topic.toSorted() }).toEqual({ at, topic: sent });
      expect({ at, order: orderOf(topic, at) }).toEqual({ at, order: orderOf(sent, at) });
      expect({ at, left: world.queue.left, isEmpty: await isInboxEmpty(source) }).toEqual({
        at,
        left: [],
        isEmpty: true,
      });
    });
  }, 360_000);

  test('under ATLEAST_ONCE loses nothing whichever call of a port a run dies at', async () => {
    await atEveryCall('ATLEAST_ONCE', async ({ topic, sent, at }) => {
      expect({ at, topic: [...new Set(topic)].toSorted() }).toEqual({ at, topic: sent });
    });
    expect(world.queue.left).toEqual([]);
  }, 360_000);

  test('under ATMOST_ONCE repeats nothing whichever call of a port a run dies at, and drops at most what was under way (rule 35)', async () => {
    world.queue.isForgetful = true;
    await atEveryCall('ATMOST_ONCE', async ({ topic, at }) => {
      expect({ at, topic: topic.toSorted() }).toEqual({ at, topic: [...new Set(topic)].toSorted() });
      expect(topic.length).toBeGreaterThanOrEqual(12 - world.queue.maxReceive);
    });
  }, 360_000);

  test('under EFFECTIVELY_ONCE settles a receipt only after its message is in the inbox (rule 36)', async () => {
    const { topic, source } = await newSource();
    world.queue.send(...texts(3));
    await crash(source, 'inbox.append', 'before');
    expect({ settled: world.queue.settled, topic: await world.texts(topic) }).toEqual({ settled: [], topic: [] });
    world.queue.expire();
    await crash(source, 'queue.settle', 'after');
    expect(world.queue.left).toEqual([]);
    await world.attempt(source);
    expect(await world.texts(topic)).toEqual(texts(3));
  });

  test.each(['EFFECTIVELY_ONCE', 'ATMOST_ONCE'] as const)(
    'under %s recognises a message that comes again, in the same batch, later, and after a newer one',
    async (guarantee) => {
      const { topic, source } = await newSource(guarantee);
      world.queue.send({ value: 'a', id: '1' }, { value: 'b', id: '2' }, { value: 'a again', id: '1' });
      await world.attempt(source);
      world.queue.send({ value: 'b again', id: '2' }, { value: 'c', id: '3' }, { value: 'a again', id: '1' });
      await world.attempt(source);
      const found = { topic: await world.texts(topic), left: world.queue.left };
      expect(found).toEqual({ topic: ['a', 'b', 'c'], left: [] });
      expect(await isInboxEmpty(source)).toBe(true);
    },
  );

  test('publishes what the manifest numbered first, under the same sequences, before anything newer (rule 36)', async () => {
    const { topic, source } = await newSource();
    world.queue.send(...texts(4));
    await crash(source, 'producer.sendEntry', 'after');
    // A receiver stores more before the next publisher begins.
    const value = Buffer.from('newer');
    await world.deps.inbox.append(source.uid, [{ id: 'n', value }], { ordered: true });
    const sent: number[][] = [];
    const watch = ({ name, phase, args }: PortCall) => {
      if (name === 'producer.sendEntry' && phase === 'before')
        sent.push((args[0] as { sequenceId: number }[]).map(({ sequenceId }) => sequenceId));
    };
    await world.attempt(source, { watch });
    // The probe of the last sequence that the broker named, then what is new.
    expect({ topic: await world.texts(topic), sent }).toEqual({ topic: [...texts(4), 'newer'], sent: [[3], [4]] });
  });

  test('finishes what an old publisher numbered in between, and the old one goes no further', async () => {
    const { topic, source } = await newSource();
    world.queue.send(...texts(3));
    const reached = Promise.withResolvers<void>();
    const woken = Promise.withResolvers<void>();
    // The broker closes the socket of a frozen run when its successor opens a producer of the same name.
    const openSession = async () => {
      const session = await world.deps.openSession();
      void reached.promise.then(() => session.destroy());
      return session;
    };
    const zombie = world
      .attempt(source, {
        deps: { openSession },
        watch: async ({ name, phase }) => {
          if (name !== 'inbox.assign' || phase !== 'after') return;
          reached.resolve();
          await woken.promise;
        },
      })
      .catch((error: unknown) => error);
    await reached.promise;
    world.queue.send(...texts(3, 3));
    await world.attempt(source);
    woken.resolve();
    expect(await zombie).toMatchObject({ disposition: 'retry' });
    expect(await world.texts(topic)).toEqual(texts(6));
    await world.attempt(source);
    expect({ topic: await world.texts(topic), isEmpty: await isInboxEmpty(source) }).toEqual({
      topic: texts(6),
      isEmpty: true,
    });
  });

  test('refuses the numbers of a publisher that holds an older manifest', async () => {
    const { inbox } = world.deps;
    const old = await inbox.manifest('u');
    await inbox.assign(old, 'u', { next: 3, rows: [{ key: 'a', from: 0, count: 3 }] });
    await expect(inbox.assign(old, 'u', { next: 2, rows: [] })).rejects.toMatchObject({ code: 'PIO_FENCED' });
    expect(await inbox.manifest('u')).toMatchObject({ next: 3, version: 1 });
  });

  test('reads the tail of the topic when the broker forgot the name of a publisher that died', async () => {
    const { topic, source } = await newSource();
    world.queue.send(...texts(4));
    await crash(source, 'producer.sendEntry', 'after');
    await world.forgetNames(topic);
    world.queue.send(...texts(4, 4));
    await world.attempt(source);
    expect(await world.texts(topic)).toEqual(texts(8));
  });

  test.each(['ATLEAST_ONCE', 'ATMOST_ONCE'] as const)(
    'changed from EFFECTIVELY_ONCE to %s first publishes what is in the inbox',
    async (guarantee) => {
      const { topic, source } = await newSource();
      world.queue.send(...texts(4));
      await crash(source, 'queue.settle', 'after');
      world.queue.send(...texts(4, 4));
      await world.attempt(updated(source, { processingGuarantees: guarantee }));
      expect({ topic: await world.texts(topic), left: world.queue.left }).toEqual({ topic: texts(8), left: [] });
      expect(await isInboxEmpty(source)).toBe(true);
    },
  );

  test('a run that received before it heard of a change publishes nothing behind the inbox of the next generation', async () => {
    const { topic, source } = await newOrderedSource('ATLEAST_ONCE', 2);
    const exact = updated(source, { processingGuarantees: 'EFFECTIVELY_ONCE' });
    world.queue.send({ value: 'v0', key: 'k' });
    await world.attempt(source);
    // While the old run waits for its next message, the new generation stores one and settles it.
    const watch = once('queue.receive', 'before', async () => {
      world.queue.send({ value: 'v1', key: 'k' });
      await world.attempt(exact, { instance: 1 - inboxPublisher(exact) });
      world.queue.send({ value: 'v2', key: 'k' });
    });
    await expect(world.attempt(source, { watch })).rejects.toMatchObject({ code: 'PIO_SOURCE_UNAVAILABLE' });
    expect(await world.texts(topic)).toEqual(['v0']);
    world.queue.expire();
    await world.attempt(exact, { instance: inboxPublisher(exact) });
    expect(await world.texts(topic)).toEqual(['v0', 'v1', 'v2']);
  });

  test('publishes nothing of a group while a run of the generation before still fills the inbox', async () => {
    const { topic, source } = await newOrderedSource('EFFECTIVELY_ONCE', 2);
    const plain = updated(source, { processingGuarantees: 'ATLEAST_ONCE' });
    const instance = 1 - inboxPublisher(plain);
    const watch = once('queue.receive', 'before', async () => {
      world.queue.send({ value: 'v0', key: 'k' });
      await world.attempt(source, { instance });
      world.queue.send({ value: 'v1', key: 'k' });
    });
    await expect(world.attempt(plain, { instance, watch })).rejects.toMatchObject({ code: 'PIO_SOURCE_UNAVAILABLE' });
    world.queue.expire();
    await world.attempt(plain, { instance: inboxPublisher(plain) });
    expect(await world.texts(topic)).toEqual(['v0', 'v1']);
  });

  test('changed in mid-flight finishes what is in doubt under the old name, and repeats nothing', async () => {
    const { topic, source } = await newSource();
    world.queue.send(...texts(8));
    await crash(source, 'producer.sendEntry', 'after');
    const changed = updated(source, { processingGuarantees: 'EFFECTIVELY_ONCE', parallelism: 1 });
    await world.attempt(changed);
    expect(await world.texts(topic)).toEqual(texts(8));
    expect(await isInboxEmpty(source)).toBe(true);
  });

  test('receives with every instance, and publishes with one', async () => {
    const { topic, source } = await newSource();
    const two = updated(source, { parallelism: 2 });
    const publisher = inboxPublisher(two);
    world.queue.send(...texts(5));
    await world.attempt(two, { instance: 1 - publisher });
    expect({ topic: await world.texts(topic), left: world.queue.left }).toEqual({ topic: [], left: [] });
    world.queue.send(...texts(5, 5));
    await world.attempt(two, { instance: publisher });
    expect((await world.texts(topic)).toSorted()).toEqual(texts(10));
  });

  test('keeps the order of a key whatever the clocks of its receivers say', async () => {
    const { topic, source } = await newSource();
    world.queue.isOrdered = true;
    const two = updated(source, { parallelism: 2 });
    const publisher = inboxPublisher(two);
    for (const [n, aheadMs] of [0, -DAY_MS, DAY_MS, -2 * DAY_MS].entries()) {
      world.queue.send({ value: `v${n}`, key: 'k' });
      const inbox = world.inboxAhead(aheadMs);
      await world.attempt(two, { instance: 1 - publisher, deps: { inbox } });
    }
    await world.attempt(two, { instance: publisher });
    expect(await world.texts(topic)).toEqual(['v0', 'v1', 'v2', 'v3']);
  });

  test('keeps bytes, keys, properties, event times and tombstones on the way through the inbox', async () => {
    const { topic, source } = await newSource();
    const record = { value: Buffer.from([0xff, 0, 1]), key: 'k', properties: { a: 'b' }, eventTimeMs: 7 };
    world.queue.send(record, { value: null, key: 'gone' });
    await world.attempt(source);
    const [first, second] = await world.read(topic);
    expect(first).toMatchObject({ text: Buffer.from([0xff, 0, 1]).toString(), key: 'k', properties: { a: 'b' } });
    expect(second).toMatchObject({ text: '', key: 'gone' });
  });

  test.each(['EFFECTIVELY_ONCE', 'ATMOST_ONCE'] as const)(
    'under %s leaves a message without id in the queue, and with an order what follows it',
    async (guarantee) => {
      world.queue.isOrdered = true;
      const { topic, source } = await newSource(guarantee);
      world.queue.send(
        { value: 'no id', id: undefined, key: 'a' },
        { value: 'behind', key: 'a' },
        { value: 'x', key: 'b' },
      );
      await world.attempt(source);
      expect({ topic: await world.texts(topic), left: world.queue.left }).toEqual({
        topic: ['x'],
        left: ['no id', 'behind'],
      });
    },
  );

  test('under ATLEAST_ONCE leaves what the broker cannot take in the queue, publishes the rest, and dead-letters it where it may', async () => {
    const { topic, source } = await newSource('ATLEAST_ONCE');
    const large = 'x'.repeat(20_000);
    world.queue.send('a', large, 'b');
    await world.attempt(source);
    expect({ topic: await world.texts(topic), left: world.queue.left }).toEqual({ topic: ['a', 'b'], left: [large] });
    world.queue.expire();
    const letters = await world.newTopic();
    await world.attempt(updated(source, { customRuntimeOptions: JSON.stringify({ deadLetterTopic: letters }) }));
    expect({ letters: (await world.texts(letters)).length, left: world.queue.left }).toEqual({ letters: 1, left: [] });
  });

  test('under EFFECTIVELY_ONCE leaves a message that the inbox cannot hold in the queue', async () => {
    const { topic, source } = await newSource();
    const large = 'x'.repeat(400_000);
    world.queue.send('a', large, 'b');
    await world.attempt(source);
    expect({ topic: await world.texts(topic), left: world.queue.left }).toEqual({ topic: ['a', 'b'], left: [large] });
  });

  test.each(['EFFECTIVELY_ONCE', 'ATMOST_ONCE'] as const)(
    'under %s refuses to forget ids before the queue has forgotten the messages (rule 37)',
    async (guarantee) => {
      const { source } = await newSource(guarantee);
      world.queue.rememberMs = world.queue.retentionMs + DAY_MS - 1;
      await expect(world.attempt(source)).rejects.toMatchObject({
        code: 'PIO_GUARANTEE_REFUSED',
        disposition: 'fatal',
      });
      world.queue.rememberMs += 1;
      await world.attempt(source);
    },
  );

  test('costs one tombstone per message and a handful of writes per batch (rule 41)', async () => {
    const { source } = await newSource();
    world.queue.send(...texts(100));
    world.queue.maxReceive = 100;
    const writes: Record<string, number> = {};
    await world.attempt(source, {
      watch: ({ name, phase }) => {
        const isWrite = /^(inbox\.(append|assign|claim|remove)|checkpoint\.(fence|commit))$/.test(name);
        if (phase === 'after' && isWrite) writes[name] = (writes[name] ?? 0) + 1;
      },
    });
    expect(writes).toEqual({
      'checkpoint.fence': 1,
      // Beginning of the generation, where its guard stands, the batch, and the clean end.
      'checkpoint.commit': 4,
      'inbox.append': 1,
      'inbox.assign': 1,
      'inbox.claim': 100,
      // One for the batch; one more names nothing to remove.
      'inbox.remove': 2,
    });
  });
});
