import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SourceConnector } from '../../src/core/connector.ts';
import { guardSubscription } from '../../src/core/names.ts';
import { RunControl } from '../../src/runtime/run-control.ts';
import { Crash, crashAt, crashAtCall, type PortCall, toCrash } from './kit/ports.ts';
import { listSource, texts, updated, World } from './kit/world.ts';

/** Entries that the broker cannot take: they exceed `maxMessageBytes` of the broker below. */
const TOO_LARGE = 'x'.repeat(20_000);

describe('EFFECTIVELY_ONCE of a source', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start({ maxMessageBytes: 10_000 });
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const newSource = async (count = 10, options: { partitions?: number; isKept?: boolean } = {}) => {
    const topic = await world.newTopic(options);
    world.list.add('p', ...texts(count));
    world.list.pageRecords = 4;
    return { topic, source: listSource(topic, 'EFFECTIVELY_ONCE', { producerConfig: { compressionType: 'NONE' } }) };
  };
  const withDeadLetters = (source: SourceConnector, deadLetterTopic: string): SourceConnector => ({
    ...source,
    config: { ...source.config, customRuntimeOptions: JSON.stringify({ deadLetterTopic }) },
  });
  const crash = (source: SourceConnector, ...at: Parameters<typeof crashAt>) =>
    expect(world.attempt(source, { watch: crashAt(...at) })).rejects.toThrow(Crash);
  /** Guards are acknowledged without waiting: this is when the broker has them. */
  const deleteGuard = (topic: string, { uid }: SourceConnector) =>
    world.broker.admin(
      'DELETE',
      `${world.pathOf(topic)}/subscription/${encodeURIComponent(guardSubscription(uid, 'p'))}?force=true`,
    );
  const unload = (topic: string) => world.broker.admin('PUT', `${world.pathOf(topic)}/unload`);

  test('probes what a crash left between receipt and commit, and publishes nothing twice (rule 5)', async () => {
    const { topic, source } = await newSource();
    await crash(source, 'producer.sendEntry', 'after', { nth: 2 });
    expect(await world.texts(topic)).toEqual(texts(8));
    const sent: unknown[] = [];
    const watch = ({ name, phase, args }: PortCall) => {
      if (name === 'producer.sendEntry' && phase === 'before')
        sent.push((args[0] as { sequenceId: number }[]).map(({ sequenceId }) => sequenceId));
    };
    await world.attempt(source, { watch });
    expect({ topic: await world.texts(topic), sent }).toEqual({ topic: texts(10), sent: [[7], [8, 9]] });
    expect(await world.progress(source, 'p')).toMatchObject({ sequence: 9, clean: true });
  });

  test('is exact whichever call of a port a run dies at', async () => {
    const options = { partitions: 2 };
    for (let at = 1, isOver = false; !isOver; at++) {
      const topic = await world.newTopic(options);
      const letters = await world.newTopic();
      const source = withDeadLetters(listSource(topic), letters);
      world.list.partitions.clear();
      world.list.pageRecords = 5;
      world.list.add('p', ...texts(4).map((value) => ({ value, key: value })));
      world.list.add('p', { value: 'not a record', key: 'a', error: new Error('not a record') });
      world.list.add('p', ...texts(6, 4).map((value) => ({ value, key: value })));
      const watch = crashAtCall(at);
      isOver = await world.attempt(source, { watch }).then(() => true, toCrash);
      await world.attempt(source);
      const found = { at, topic: (await world.texts(topic, 2)).sort(), letters: (await world.texts(letters)).length };
      expect(found).toEqual({ at, topic: texts(10), letters: 1 });
      expect(at).toBeLessThan(200);
    }
  }, 360_000);

  test('recovers topic-partitions that got to different places (rule 6)', async () => {
    const { topic, source } = await newSource(12, { partitions: 2 });
    // Sequences alternate between the partitions; the second entry of one has its receipt when the other's is to be sent.
    const received = Promise.withResolvers<void>();
    const sends = [0, 0];
    const watch = async ({ name, phase, topic: partition }: PortCall) => {
      if (name !== 'producer.sendEntry') return;
      const index = Number(partition.at(-1));
      sends[index] = (sends[index] as number) + (phase === 'before' ? 1 : 0);
      if (sends[index] !== 2) return;
      if (index === 0 && phase === 'after') received.resolve();
      if (index === 1) await received.promise;
      if (index === 1) throw new Crash('with one partition ahead');
    };
    await expect(world.attempt(source, { watch })).rejects.toThrow(Crash);
    expect((await world.texts(topic, 2)).length).toBe(6);
    await world.attempt(source);
    const [even, odd] = [0, 1].map((rest) => texts(12).filter((_, index) => index % 2 === rest));
    expect(await world.texts(topic, 2)).toEqual([...(even as string[]), ...(odd as string[])]);
  });

  test('writes no position down before what the broker named is proven to be durable (rule 5)', async () => {
    const { topic, source } = await newSource(12);
    world.list.pageRecords = 12;
    await crash(source, 'producer.sendEntry', 'after');
    world.list.pageRecords = 4;
    const commits: unknown[] = [];
    const watch = ({ name, phase, args }: PortCall) => {
      if (name === 'checkpoint.commit' && phase === 'before') commits.push((args[3] as { sequence: number }).sequence);
    };
    await world.attempt(source, { watch });
    expect({ commits, topic: await world.texts(topic) }).toEqual({ commits: [11, 11], topic: texts(12) });
  });

  test('stops with PIO_PROGRESS_UNCERTAIN when the probe is stored as new (rule 5)', async () => {
    const { topic, source } = await newSource(8);
    await crash(source, 'producer.sendEntry', 'after', { nth: 2 });
    let isForgotten = false;
    const watch = async ({ name, phase }: PortCall) => {
      if (isForgotten || name !== 'producer.sendEntry' || phase !== 'before') return;
      isForgotten = true;
      await world.forgetNames(topic);
    };
    await expect(world.attempt(source, { watch })).rejects.toMatchObject({
      code: 'PIO_PROGRESS_UNCERTAIN',
      disposition: 'fatal',
    });
  });

  test('reads the tail of the topic when the broker forgot the name of a run that died (rule 7)', async () => {
    const { topic, source } = await newSource();
    await crash(source, 'producer.sendEntry', 'after', { nth: 2 });
    await world.forgetNames(topic);
    await world.attempt(source);
    expect(await world.texts(topic)).toEqual(texts(10));
  });

  test('reads the tail of a topic that others write to as well', async () => {
    const { topic, source } = await newSource();
    await crash(source, 'producer.sendEntry', 'after', { nth: 2 });
    await world.forgetNames(topic);
    let others = 0;
    const watch = async ({ name, phase }: PortCall) => {
      if (name === 'consumer.receiveBatch' && phase === 'after' && others < 20)
        await world.publish(topic, [`other ${others++}`]);
    };
    await world.attempt(source, { watch });
    expect((await world.texts(topic)).filter((text) => text.startsWith('r'))).toEqual(texts(10));
  });

  test('reads the tail when the broker forgot the name before the first entry was committed', async () => {
    const { topic, source } = await newSource();
    await crash(source, 'producer.sendEntry', 'after');
    expect((await world.progress(source, 'p'))?.tails).toMatchObject({ [topic]: { sequence: -1 } });
    await world.forgetNames(topic);
    await world.attempt(source);
    expect(await world.texts(topic)).toEqual(texts(10));
  });

  test('rule 7: stops with PIO_PROGRESS_UNCERTAIN when the guard was made again before the first commit', async () => {
    const { topic, source } = await newSource(10, { isKept: false });
    await crash(source, 'producer.sendEntry', 'after');
    await deleteGuard(topic, source);
    await unload(topic);
    await world.forgetNames(topic);
    await expect(world.attempt(source)).rejects.toMatchObject({ code: 'PIO_PROGRESS_UNCERTAIN', disposition: 'fatal' });
    expect(await world.texts(topic)).toEqual([]);
  });

  test('rule 7: leaves no clean mark behind when it is stopped before it passed what a scan found', async () => {
    const { topic, source } = await newSource();
    await crash(source, 'producer.sendEntry', 'after', { nth: 2 });
    await world.forgetNames(topic);
    const control = new RunControl();
    world.list.onPage = async () => control.stop('deadline');
    await world.attempt(source, { control });
    world.list.onPage = async () => undefined;
    expect(await world.progress(source, 'p')).toMatchObject({ sequence: 3, clean: false });
    await world.attempt(source);
    expect(await world.texts(topic)).toEqual(texts(10));
  });

  test('rule 15: publishes nothing when it slept between fence and producer, and the broker forgot its successor', async () => {
    const { topic, source } = await newSource(4);
    const woken = Promise.withResolvers<void>();
    const asleep = Promise.withResolvers<void>();
    let isFirst = true;
    const watch = async ({ name, phase }: PortCall) => {
      if (name !== 'session.producer' || phase !== 'before' || !isFirst) return;
      isFirst = false;
      asleep.resolve();
      await woken.promise;
    };
    const zombie = expect(world.attempt(source, { watch })).rejects.toMatchObject({ code: 'PIO_FENCED' });
    await asleep.promise;
    await world.attempt(source);
    await world.forgetNames(topic);
    woken.resolve();
    await zombie;
    expect(await world.texts(topic)).toEqual(texts(4));
  });

  test('reads the tail when a run that began at a clean mark died, and the broker forgot its name', async () => {
    const { topic, source } = await newSource(4);
    await world.attempt(source);
    world.list.add('p', ...texts(6, 4));
    await crash(source, 'producer.sendEntry', 'after');
    await world.forgetNames(topic);
    await world.attempt(source);
    expect(await world.texts(topic)).toEqual(texts(10));
  });

  test('finds the tail although ledgers that everybody read were deleted (rule 7)', async () => {
    const { topic, source } = await newSource(10, { isKept: false });
    let entries = 0;
    const watch = async ({ name, phase }: PortCall) => {
      if (name !== 'producer.sendEntry' || phase !== 'before') return;
      entries += 1;
      if (entries < 3) return;
      await world.broker.admin('GET', `${world.pathOf(topic)}/stats`); // behind the guard's acknowledgement
      throw new Crash('with two entries committed');
    };
    await expect(world.attempt(source, { watch })).rejects.toThrow(Crash);
    await unload(topic);
    await world.forgetNames(topic);
    await expect(world.attempt(source)).resolves.toEqual({ end: 'finished' });
    expect((await world.texts(topic)).slice(-2)).toEqual(texts(2, 8));
  });

  test('stops with PIO_PROGRESS_UNCERTAIN, and publishes nothing, when name and tail are gone (rule 7)', async () => {
    const { topic, source } = await newSource(10, { isKept: false });
    await crash(source, 'producer.sendEntry', 'before', { nth: 3 });
    await deleteGuard(topic, source);
    await unload(topic);
    await world.forgetNames(topic);
    await expect(world.attempt(source)).rejects.toMatchObject({
      code: 'PIO_PROGRESS_UNCERTAIN',
      disposition: 'fatal',
    });
    expect(await world.texts(topic)).toEqual([]);
  });

  test('trusts a clean mark when the broker forgot the name, on every topic-partition (rule 8)', async () => {
    const { topic, source } = await newSource(8, { partitions: 2 });
    await world.attempt(source);
    for (const index of [0, 1]) await world.forgetNames(`${topic}-partition-${index}`);
    world.list.add('p', 'r8');
    await world.attempt(source);
    world.list.add('p', 'r9');
    await world.attempt(source);
    expect((await world.texts(topic, 2)).sort()).toEqual(texts(10));
  });

  test('stops with PIO_DEDUPLICATION_OFF after one committed entry, and repeats nothing once it is enabled (rule 8)', async () => {
    const { topic, source } = await newSource();
    await world.setDeduplication(topic, false);
    await expect(world.attempt(source)).rejects.toMatchObject({ code: 'PIO_DEDUPLICATION_OFF', disposition: 'fatal' });
    expect(await world.texts(topic)).toEqual(texts(4));
    expect(await world.progress(source, 'p')).toMatchObject({ sequence: 3 });
    await world.setDeduplication(topic, true);
    await world.attempt(source);
    expect(await world.texts(topic)).toEqual(texts(10));
  });

  test('finishes under the old name what an update found in doubt, before it publishes under the new one (rule 10)', async () => {
    const { topic, source } = await newSource();
    await crash(source, 'producer.sendEntry', 'after', { nth: 2 });
    const next = updated(source);
    await world.attempt(next);
    const found = await world.read(topic);
    expect(found.map(({ text }) => text)).toEqual(texts(10));
    expect(found.map(({ producerName }) => producerName.split('#')[1])).toEqual([...Array(8).fill('1'), '2', '2']);
  });

  test('finishes in the old topic what an update of the output topic found in doubt, and lets go of its guard (rule 10)', async () => {
    const { topic, source } = await newSource();
    await crash(source, 'producer.sendEntry', 'after', { nth: 2 });
    const other = await world.newTopic();
    const next = updated(source, { topicName: other });
    await world.attempt(next);
    const found = { before: await world.texts(topic), after: await world.texts(other) };
    expect(found).toEqual({ before: texts(8), after: texts(2, 8) });
    const guard = guardSubscription(source.uid, 'p');
    expect(await world.deps.pulsar?.subscriptions(topic)).not.toContain(guard);
    expect(await world.deps.pulsar?.subscriptions(other)).toContain(guard);
  });

  test('finishes what is in doubt also towards another guarantee', async () => {
    const { topic, source } = await newSource();
    await crash(source, 'producer.sendEntry', 'after', { nth: 2 });
    await world.attempt(updated(source, { processingGuarantees: 'ATLEAST_ONCE' }));
    expect(await world.texts(topic)).toEqual(texts(10));
  });

  test('is exact when an interrupted update is tried again after each call it may die at (rule 18)', async () => {
    for (let at = 1, isOver = false; !isOver; at++) {
      const topic = await world.newTopic();
      world.list.partitions.clear();
      world.list.add('p', ...texts(6));
      world.list.pageRecords = 2;
      const source = listSource(topic);
      await crash(source, 'producer.sendEntry', 'after', { nth: 2 });
      const next = updated(source);
      const watch = crashAtCall(at);
      isOver = await world.attempt(next, { watch }).then(
        () => true,
        () => false,
      );
      await world.attempt(next);
      expect({ at, topic: await world.texts(topic) }).toEqual({ at, topic: texts(6) });
      expect(at).toBeLessThan(200);
    }
  }, 360_000);

  test('keeps to the old routes until what is in doubt is finished, when partitions were added (rule 6)', async () => {
    const { topic, source } = await newSource(12, { partitions: 2 });
    await crash(source, 'producer.sendEntry', 'before', { nth: 2, topic: `${topic}-partition-1` });
    await world.broker.admin('POST', `${world.pathOf(topic)}/partitions`, 3);
    await world.attempt(source);
    expect((await world.texts(topic, 3)).sort()).toEqual(texts(12).sort());
    expect(await world.progress(source, 'p')).toMatchObject({ routerPartitions: 3, clean: true });
  });

  test('goes on when a run died right after it took over added partitions', async () => {
    const { topic, source } = await newSource(8, { partitions: 2 });
    await world.attempt(source);
    await world.broker.admin('POST', `${world.pathOf(topic)}/partitions`, 3);
    world.list.add('p', ...texts(6, 8));
    await crash(source, 'producer.sendEntry', 'before');
    await world.attempt(source);
    expect((await world.texts(topic, 3)).sort()).toEqual(texts(14).sort());
  });

  describe('with a record that is too large', () => {
    const newLargeSource = async () => {
      const { topic, source } = await newSource(3);
      world.list.pageRecords = 10;
      world.list.add('p', TOO_LARGE, 'r3', 'r4');
      return { topic, source };
    };

    test('stops before it, also when it is restarted, and nothing behind it is published', async () => {
      const { topic, source } = await newLargeSource();
      for (let restarts = 0; restarts < 3; restarts++)
        await expect(world.attempt(source)).rejects.toMatchObject({
          code: 'PIO_RECORD_TOO_LARGE',
          disposition: 'fatal',
        });
      expect(await world.texts(topic)).toEqual(texts(3));
      expect(await world.progress(source, 'p')).toMatchObject({ sequence: 2 });
    });

    test('dead-letters it once it may, with its payload cut to what fits, and goes on (rule 9)', async () => {
      const { topic, source } = await newLargeSource();
      await expect(world.attempt(source)).rejects.toMatchObject({ code: 'PIO_RECORD_TOO_LARGE' });
      const letters = await world.newTopic();
      await world.attempt(updated(withDeadLetters(source, letters)));
      expect(await world.texts(topic)).toEqual(texts(5));
      const [letter, ...others] = await world.read(letters);
      expect({ properties: letter?.properties, others }).toMatchObject({
        properties: { 'pulsar-io.error': 'PIO_RECORD_TOO_LARGE', 'pulsar-io.sequence': '3' },
        others: [],
      });
    });

    test('dead-letters it exactly once wherever a run dies', async () => {
      for (let at = 1, isOver = false; !isOver; at++) {
        const topic = await world.newTopic();
        const letters = await world.newTopic();
        world.list.partitions.clear();
        world.list.add('p', 'r0', TOO_LARGE, 'r1', TOO_LARGE, 'r2');
        const source = withDeadLetters(
          listSource(topic, 'EFFECTIVELY_ONCE', { producerConfig: { compressionType: 'NONE' } }),
          letters,
        );
        const watch = crashAtCall(at);
        isOver = await world.attempt(source, { watch }).then(
          () => true,
          () => false,
        );
        await world.attempt(source);
        const found = { at, topic: await world.texts(topic), letters: (await world.texts(letters)).length };
        expect(found).toEqual({ at, topic: texts(3), letters: 2 });
        expect(at).toBeLessThan(200);
      }
    }, 360_000);
  });

  test('repeats no dead letter when an update falls between a letter and its commit, whichever call the run dies at', async () => {
    for (let at = 1, isOver = false; !isOver; at++) {
      const [topic, letters] = [await world.newTopic(), await world.newTopic()];
      world.list.partitions.clear();
      world.list.add('p', 'r0', { value: 'bad', error: new Error('bad') }, 'r1', {
        value: 'bad',
        error: new Error('bad'),
      });
      const source = withDeadLetters(listSource(topic), letters);
      const watch = crashAtCall(at);
      isOver = await world.attempt(source, { watch }).then(
        () => true,
        () => false,
      );
      await world.attempt(updated(source));
      const found = { at, topic: await world.texts(topic), letters: (await world.texts(letters)).length };
      expect(found).toEqual({ at, topic: texts(2), letters: 2 });
      expect(at).toBeLessThan(200);
    }
  }, 360_000);

  test('ends at its first look when a source has nothing, after one fence per partition (rule 41)', async () => {
    const { source } = await newSource(2);
    world.list.pollIntervalMs = 1;
    await world.attempt(source);
    let looks = 0;
    const watch = ({ name, phase }: PortCall) => {
      if (name === 'checkpoint.fence' && phase === 'before') looks += 1;
    };
    const settings = { ...world.deps.settings, idleMs: 600_000 };
    expect(await world.attempt(source, { watch, deps: { settings } })).toEqual({ end: 'idle', nextRunInMs: 1 });
    expect(looks).toBe(1);
  });

  test('refuses the commit of a run that slept while its successor finished (rule 15)', async () => {
    const { topic, source } = await newSource(4);
    const woken = Promise.withResolvers<void>();
    const asleep = Promise.withResolvers<void>();
    const control = new RunControl();
    let commits = 0;
    const watch = async ({ name, phase }: PortCall) => {
      if (name !== 'checkpoint.commit' || phase !== 'before') return;
      commits += 1;
      if (commits !== 2) return;
      // A frozen process answers no ping: the broker gives its names to others.
      control.abort('superseded', new Error('frozen'));
      asleep.resolve();
      await woken.promise;
    };
    const zombie = expect(world.attempt(source, { watch, control })).rejects.toMatchObject({ code: 'PIO_FENCED' });
    await asleep.promise;
    await world.attempt(source);
    woken.resolve();
    await zombie;
    expect(await world.texts(topic)).toEqual(texts(4));
    expect(await world.progress(source, 'p')).toMatchObject({ sequence: 3, clean: true });
  });

  test('leaves nothing open between two readings of a source that goes on', async () => {
    const { topic, source } = await newSource(2);
    const letters = await world.newTopic();
    world.list.pollIntervalMs = 1;
    let rounds = 0;
    world.list.onPage = async () => {
      rounds += 1;
      if (rounds % 2 === 1 && rounds < 12)
        world.list.add('p', { value: 'bad', error: new Error('bad') }, `more ${rounds}`);
    };
    let open = 0;
    let most = 0;
    const watch = ({ name, phase }: PortCall) => {
      if (phase !== 'after') return;
      if (name === 'session.producer' || name === 'session.consumer') open += 1;
      if (name === 'producer.close' || name === 'consumer.close') open -= 1;
      most = Math.max(most, open);
    };
    await world.attempt(withDeadLetters(source, letters), { watch });
    expect({ open, most: most <= 3, letters: (await world.texts(letters)).length > 2 }).toEqual({
      open: 0,
      most: true,
      letters: true,
    });
    expect((await world.texts(topic)).slice(0, 2)).toEqual(texts(2));
  });
});
