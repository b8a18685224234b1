import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SourceConnector } from '../../src/core/connector.ts';
import { crashAt, type Watch } from './kit/ports.ts';
import { listSource, memorySink, updated, World } from './kit/world.ts';

const MIDNIGHT = Date.parse('2026-01-01T00:00:00Z');
const HOUR_MS = 3_600_000;

describe('a connector with a schedule', () => {
  let world: World;
  let nowMs: number;
  let topic: string;
  beforeEach(async () => {
    world = await World.start();
    world.list.pollIntervalMs = 60_000;
    nowMs = MIDNIGHT;
    topic = await world.newTopic();
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const hourly = (missedTimes = 'once'): SourceConnector =>
    listSource(topic, 'EFFECTIVELY_ONCE', {
      customRuntimeOptions: JSON.stringify({ schedule: '0 * * * *', missedTimes }),
    });
  const run = (connector: Parameters<World['attempt']>[0], options: { watch?: Watch } = {}) =>
    world.attempt(connector, { ...options, deps: { clock: { ...world.deps.clock, nowMs: () => nowMs } } });
  /** Runs, and resolves with how often the list was read. */
  const reads = async (source: SourceConnector): Promise<number> => {
    let count = 0;
    world.list.onPage = async () => void count++;
    await run(source);
    return count;
  };

  test('does nothing before its first time, and says when that is', async () => {
    const source = hourly();
    world.list.add('a', 'r0');
    expect(await run(source)).toEqual({ end: 'idle', nextRunInMs: HOUR_MS });
    nowMs += HOUR_MS - 1;
    expect(await run(source)).toEqual({ end: 'idle', nextRunInMs: 1 });
    expect(await world.texts(topic)).toEqual([]);
    nowMs += 1;
    expect(await run(source)).toEqual({ end: 'idle', nextRunInMs: HOUR_MS });
    expect(await world.texts(topic)).toEqual(['r0']);
  });

  test.each([
    ['once', 1],
    ['all', 5],
    ['skip', 0],
  ])('with missedTimes %s makes up for five hours in %d runs', async (missedTimes, times) => {
    const source = hourly(missedTimes);
    world.list.partitions.set('a', []);
    await run(source);
    nowMs += 5 * HOUR_MS + HOUR_MS / 2;
    expect(await reads(source)).toBe(times);
    expect(await reads(source)).toBe(0);
    nowMs += HOUR_MS / 2;
    expect(await reads(source)).toBe(1);
  });

  test('serves a time again that a killed run did not finish, and another time not', async () => {
    const source = hourly();
    world.list.add('a', 'r0', 'r1');
    await run(source);
    nowMs += HOUR_MS;
    await expect(run(source, { watch: crashAt('producer.sendEntry', 'before') })).rejects.toThrow();
    await run(source);
    expect(await world.texts(topic)).toEqual(['r0', 'r1']);
    world.list.add('a', 'r2');
    await run(source);
    expect(await world.texts(topic)).toEqual(['r0', 'r1']);
  });

  test('begins anew when its schedule is changed, and goes on when something else is', async () => {
    const source = hourly();
    world.list.add('a', 'r0');
    await run(source);
    nowMs += 2 * HOUR_MS;
    const other = updated(source, { customRuntimeOptions: '{"schedule":"30 * * * *"}' });
    expect(await run(other)).toEqual({ end: 'idle', nextRunInMs: HOUR_MS / 2 });
    expect(await world.texts(topic)).toEqual([]);
    nowMs += HOUR_MS;
    await run(updated(other, { parallelism: 1 }));
    expect(await world.texts(topic)).toEqual(['r0']);
  });

  test('may be a sink, which then lets messages wait', async () => {
    const sink = memorySink(topic, 'transactional', 'EFFECTIVELY_ONCE', {
      customRuntimeOptions: '{"schedule":"0 * * * *"}',
    });
    await world.publish(topic, ['r0']);
    expect(await run(sink)).toEqual({ end: 'idle', nextRunInMs: HOUR_MS });
    expect(world.target.effects).toEqual([]);
    nowMs += HOUR_MS;
    await run(sink);
    expect(world.target.effects).toEqual(['r0']);
  });
});
