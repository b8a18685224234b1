import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { backoffMs } from '../../src/core/backoff.ts';
import { systemClock } from '../../src/core/clock.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { FlowOptions } from '../../src/core/flow-options.ts';
import { Pace } from '../../src/runtime/pace.ts';
import { RunControl } from '../../src/runtime/run-control.ts';
import { DEFAULT_RUN_SETTINGS, settingsFor } from '../../src/runtime/run-settings.ts';
import { listSource, memorySink, texts, World } from './kit/world.ts';

/** A clock whose sleeps pass at once, and that remembers them. */
const virtualClock = () => {
  let nowMs = 1_000;
  const slept: number[] = [];
  return {
    slept,
    pass: (ms: number) => {
      nowMs += ms;
    },
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      slept.push(ms);
      nowMs += ms;
    },
  };
};
const running = () => new AbortController().signal;

describe('the pace of a run', () => {
  const paceOf = (flow: FlowOptions, msUntilAbort?: () => number, parallelism = 1) => {
    const clock = virtualClock();
    return { clock, pace: new Pace({ clock, flow, parallelism, msUntilAbort }) };
  };

  test('keeps to the configured batch, and to one record at least', () => {
    expect(paceOf({}).pace.batchRecords(1_000)).toBe(1_000);
    expect(paceOf({ batchSize: 7 }).pace.batchRecords(1_000)).toBe(7);
    expect(paceOf({ batchSize: 7 }).pace.batchRecords(3)).toBe(3);
    expect(paceOf({ maxRecordsPerSecond: 1 }, undefined, 4).pace.batchRecords(1_000)).toBe(1);
  });

  test('lets no more records pass in any second than configured, shared by the instances', async () => {
    const { clock, pace } = paceOf({ maxRecordsPerSecond: 100 }, undefined, 2);
    const begunMs = clock.nowMs();
    let passed = 0;
    while (passed < 1_000) {
      const some = pace.batchRecords(400);
      expect(some).toBeLessThanOrEqual(50);
      clock.pass(3);
      await pace.spent(some, 3, running());
      passed += some;
    }
    expect(clock.nowMs() - begunMs).toBeGreaterThanOrEqual(20_000 - 3);
    expect(clock.nowMs() - begunMs).toBeLessThan(20_100);
  });

  test('saves nothing up while there is nothing to move', async () => {
    const { clock, pace } = paceOf({ maxRecordsPerSecond: 100 });
    clock.pass(60_000);
    await pace.spent(100, 0, running());
    expect(clock.slept).toEqual([1_000]);
  });

  test('counts what several topics move together', async () => {
    const { clock, pace } = paceOf({ maxRecordsPerSecond: 100 });
    await Promise.all([pace.spent(50, 0, running()), pace.spent(50, 0, running())]);
    expect(clock.slept.reduce((sum, ms) => sum + ms)).toBe(1_000);
  });

  test('does not wait at all without a rate', async () => {
    const { clock, pace } = paceOf({});
    await pace.spent(1_000, 5, running());
    expect(clock.slept).toEqual([]);
  });

  test('makes batches smaller where a slow target would not end one before the deadline', async () => {
    let leftMs = 60_000;
    const { pace } = paceOf({}, () => leftMs);
    expect(pace.batchRecords(1_000)).toBe(1_000);
    await pace.spent(100, 5_000, running()); // 50 ms each
    expect(pace.batchRecords(1_000)).toBe(600);
    leftMs = 4_000;
    expect(pace.batchRecords(1_000)).toBe(40);
    leftMs = -1;
    expect(pace.batchRecords(1_000)).toBe(1);
    leftMs = 4_000;
    for (let i = 0; i < 20; i++) await pace.spent(100, 100, running()); // it got fast again
    expect(pace.batchRecords(1_000)).toBe(1_000);
  });
});

test('the waits after failures are those configured: they double up to the longest, with jitter in their upper half', () => {
  const { backoff, lingerMs, maxBatchRecords } = settingsFor(DEFAULT_RUN_SETTINGS, {
    retryBackoffMs: 100,
    retryBackoffMaxMs: 1_000,
    batchTimeMs: 250,
    batchSize: 5_000,
  });
  expect({ lingerMs, maxBatchRecords }).toEqual({ lingerMs: 250, maxBatchRecords: 5_000 });
  const waits = (random: number) => [1, 2, 3, 4, 5, 99].map((failures) => backoffMs(failures, backoff, () => random));
  expect(waits(0)).toEqual([50, 100, 200, 400, 500, 500]);
  expect(waits(1)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  expect(settingsFor(DEFAULT_RUN_SETTINGS, {}).backoff).toEqual(DEFAULT_RUN_SETTINGS.backoff);
  expect(settingsFor(DEFAULT_RUN_SETTINGS, { retryBackoffMs: 90_000 }).backoff).toEqual({
    firstMs: 90_000,
    maxMs: 90_000,
  });
  expect(settingsFor(DEFAULT_RUN_SETTINGS, { retryBackoffMaxMs: 50 }).backoff).toEqual({ firstMs: 50, maxMs: 50 });
});

describe('runs', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world[Symbol.asyncDispose]());

  /** The world's clock, whose long sleeps pass at once and are remembered. */
  const patientClock = () => {
    const slept: number[] = [];
    const sleep = async (ms: number, signal?: AbortSignal) => {
      if (ms < 300) return systemClock.sleep(ms, signal);
      slept.push(ms);
    };
    return { slept, clock: { ...world.deps.clock, sleep } };
  };
  const flow = (options: Record<string, string>) => ({ customRuntimeOptions: JSON.stringify(options) });

  test('of a sink write batches of the configured size at the configured rate', async () => {
    const topic = await world.newTopic();
    const { slept, clock } = patientClock();
    const options = flow({ batchSize: '4', maxRecordsPerSecond: '8' });
    const sink = memorySink(topic, 'transactional', 'EFFECTIVELY_ONCE', options);
    await world.publish(topic, texts(12), { asOne: true });
    await world.drain(sink, { deps: { clock } });
    expect(world.target.effects).toEqual(texts(12));
    expect(slept.length).toBe(3);
    expect(slept.at(-1)).toBeGreaterThan(1_300);
  });

  test('of a sink whose target is away try one batch after growing waits, then end; a target that takes something is not waited for', async () => {
    const topic = await world.newTopic();
    const { slept, clock } = patientClock();
    world.target.maxBatchRecords = 5;
    await world.publish(topic, texts(100), { asOne: true });
    const tried = new Set<string>();
    const away = new PulsarIoError('PIO_SINK_UNAVAILABLE', 'the target is away');
    world.target.failureOf = ({ value }) => {
      tried.add(String(value));
      return away;
    };
    // Nothing comes again while the test lasts.
    const sink = memorySink(topic, 'plain', 'ATLEAST_ONCE', { negativeAckRedeliveryDelayMs: 600_000 });
    const deps = {
      clock,
      settings: { ...world.deps.settings, backoff: { firstMs: 1_000, maxMs: 60_000 }, maxWaitInRunMs: 5_000 },
    };
    await expect(world.attempt(sink, { deps })).rejects.toMatchObject({ code: 'PIO_SINK_UNAVAILABLE' });
    expect(slept).toEqual([750, 1_500, 3_000]);
    expect(tried.size).toBe(5 * (slept.length + 1));

    slept.length = 0;
    world.target.failureOf = ({ value }) => (Number(String(value).slice(1)) % 5 > 0 ? away : undefined);
    const control = new RunControl();
    const all = world.attempt(sink, { deps, control });
    while (world.target.effects.length < 20) await new Promise(setImmediate);
    control.stop('stopped');
    await all;
    expect(slept).toEqual([]);
  });

  test('of a source publish pages in parts of the configured size, and end at a stop between them', async () => {
    const topic = await world.newTopic();
    await world.setDeduplication(topic, true);
    world.list.add('a', ...texts(10));
    const control = new RunControl();
    const sleep = async (ms: number, signal?: AbortSignal) => {
      if (ms < 300) return systemClock.sleep(ms, signal);
      control.stop('stopped');
    };
    const source = listSource(topic, 'EFFECTIVELY_ONCE', flow({ batchSize: '3', maxRecordsPerSecond: '3' }));
    await world.attempt(source, { control, deps: { clock: { ...world.deps.clock, sleep } } });
    expect(await world.texts(topic)).toEqual(texts(3));
    expect(await world.progress(source, 'a')).toMatchObject({ position: { next: 3 } });
    await world.attempt({ ...source, config: { ...source.config, customRuntimeOptions: '{"batchSize":"3"}' } });
    expect(await world.texts(topic)).toEqual(texts(10));
  });
});
