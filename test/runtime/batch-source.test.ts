import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SourceConnector } from '../../src/core/connector.ts';
import { GUARANTEES } from '../../src/core/guarantee.ts';
import { Crash, crashAt, type Watch } from './kit/ports.ts';
import { batchSource, texts, updated, World } from './kit/world.ts';

const HOUR_MS = 3_600_000;
const triggerer = (name: string, config?: object) => ({
  discoveryTriggererClassName: `org.apache.pulsar.io.batchdiscovery.${name}`,
  ...(config && { discoveryTriggererConfig: config }),
});
const IMMEDIATE = triggerer('ImmediateTriggerer');
const HOURLY = triggerer('CronTriggerer', { __CRON__: '0 0 * * * ?' });

describe('a batch source', () => {
  let world: World;
  let topic: string;
  let nowMs: number;
  beforeEach(async () => {
    world = await World.start();
    topic = await world.newTopic();
    nowMs = Date.parse('2026-01-01T00:00:00Z');
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const newSource = (guarantee: SourceConnector['config']['processingGuarantees'], batchSourceConfig: object) =>
    batchSource(topic, guarantee, { batchSourceConfig: { ...batchSourceConfig } });
  const run = (source: SourceConnector, options: { watch?: Watch; instance?: number } = {}) =>
    world.attempt(source, { ...options, deps: { clock: { ...world.deps.clock, nowMs: () => nowMs } } });
  const put = (...names: string[]) => {
    for (const name of names)
      world.bucket.objects.set(
        name,
        texts(25).map((text) => `${name}/${text}`),
      );
  };
  const all = (...names: string[]) => names.flatMap((name) => texts(25).map((text) => `${name}/${text}`));

  test.each(GUARANTEES)('under %s publishes every task of a discovery once, and is finished', async (guarantee) => {
    const source = newSource(guarantee, IMMEDIATE);
    put('a', 'b', 'c');
    expect(await run(source)).toEqual({ end: 'finished' });
    expect(await world.texts(topic)).toEqual(all('a', 'b', 'c'));
    expect(await world.deps.inbox.isEmpty(source.uid)).toBe(true);
  });

  test('with the immediate triggerer discovers once after each start, and reads no task twice', async () => {
    const source = newSource('EFFECTIVELY_ONCE', IMMEDIATE);
    put('a');
    await run(source);
    put('b');
    await run(source);
    expect(await world.texts(topic)).toEqual(all('a'));
    await run({ ...source, restarts: { 0: 1 } });
    expect(await world.texts(topic)).toEqual(all('a', 'b'));
  });

  test('with the cron triggerer discovers at its times, and knows the one before', async () => {
    const source = newSource('EFFECTIVELY_ONCE', HOURLY);
    put('a');
    expect(await run(source)).toEqual({ end: 'idle', nextRunInMs: HOUR_MS });
    expect(world.bucket.discoveries).toEqual([]);
    nowMs += HOUR_MS + 1;
    expect(await run(source)).toEqual({ end: 'idle', nextRunInMs: HOUR_MS - 1 });
    nowMs += HOUR_MS;
    await run(source);
    expect(world.bucket.discoveries).toEqual([
      [nowMs - 1 - HOUR_MS, undefined],
      [nowMs - 1, nowMs - 1 - HOUR_MS],
    ]);
    expect(await world.texts(topic)).toEqual(all('a'));
  });

  test('takes tasks without records out of the inbox', async () => {
    const source = newSource('EFFECTIVELY_ONCE', IMMEDIATE);
    world.bucket.objects.set('none', []);
    world.bucket.objects.set('nothing', []);
    await run(source);
    expect(await world.deps.inbox.isEmpty(source.uid)).toBe(true);
    expect(await world.texts(topic)).toEqual([]);
  });

  test('works by one instance, whatever the parallelism', async () => {
    const source = batchSource(topic, 'EFFECTIVELY_ONCE', { batchSourceConfig: IMMEDIATE, parallelism: 3 });
    put('a');
    const ends = [];
    for (const instance of [0, 1, 2]) ends.push(await run(source, { instance }));
    expect(ends).toEqual([{ end: 'finished' }, { end: 'finished' }, { end: 'finished' }]);
    expect(await world.texts(topic)).toEqual(all('a'));
  });

  test('goes on within a task where the run before ended', async () => {
    const source = newSource('EFFECTIVELY_ONCE', IMMEDIATE);
    put('a', 'b');
    world.bucket.pageRecords = 5;
    await expect(run(source, { watch: crashAt('checkpoint.commit', 'after', { nth: 6 }) })).rejects.toThrow(Crash);
    const begun = (await world.progress(source, 'inbox'))?.position;
    expect(begun).toMatchObject({ task: 0, sequence: expect.any(Number) });
    await run(source);
    expect(await world.texts(topic)).toEqual(all('a', 'b'));
  });

  test('is drained under its old names when it is updated in mid-task', async () => {
    const source = newSource('EFFECTIVELY_ONCE', IMMEDIATE);
    put('a', 'b');
    world.bucket.pageRecords = 5;
    await expect(run(source, { watch: crashAt('producer.sendEntry', 'after', { nth: 3 }) })).rejects.toThrow(Crash);
    await run(updated(source));
    expect(await world.texts(topic)).toEqual(all('a', 'b'));
  });

  test('under EFFECTIVELY_ONCE publishes each record once, in order, wherever a run is killed', async () => {
    const ports = ['checkpoint.fence', 'checkpoint.commit', 'producer.sendEntry', 'inbox.append', 'inbox.assign'];
    for (const port of [...ports, 'inbox.claim', 'inbox.remove', 'inbox.read', 'inbox.manifest'])
      for (const phase of ['before', 'after'] as const)
        for (const nth of [1, 2, 4]) {
          topic = await world.newTopic();
          const source = newSource('EFFECTIVELY_ONCE', IMMEDIATE);
          world.bucket.objects.clear();
          put('a', 'b', 'c');
          await run(source, { watch: crashAt(port, phase, { nth }) }).catch((error) =>
            expect(error).toBeInstanceOf(Crash),
          );
          await run(source);
          expect([port, phase, nth, await world.texts(topic)]).toEqual([port, phase, nth, all('a', 'b', 'c')]);
          expect(await world.deps.inbox.isEmpty(source.uid)).toBe(true);
        }
  });
});
