import { expect, test } from '@jest/globals';
import { Reconnector } from '../../../src/pulsar/client/reconnector.ts';
import { PulsarError } from '../../../src/pulsar/index.ts';

const REFUSED = new PulsarError('ConnectError', 'refused');

/** A reconnector that `failures` attempts fail of, on a clock that stands still. */
function start(failures: number, random: () => number) {
  const state = { failures, attempts: 0, delays: [] as number[], attached: Promise.withResolvers<void>() };
  const reconnector = new Reconnector({
    operationTimeoutMs: 1000,
    onGivenUp: (error) => state.attached.reject(error),
    random,
    wait: async (delayMs) => state.delays.push(delayMs),
    attach: async () => {
      state.attempts++;
      if (state.failures-- > 0) throw REFUSED;
      state.attached.resolve();
    },
  });
  return { reconnector, state };
}

async function lose({ reconnector, state }: ReturnType<typeof start>, failures: number, isImmediate = false) {
  state.failures = failures;
  state.delays = [];
  state.attached = Promise.withResolvers();
  reconnector.lost(isImmediate);
  await state.attached.promise;
  await new Promise((resolve) => setImmediate(resolve));
  return state.delays;
}

test('delays double up to a minute, however often it fails, and begin anew after a success', async () => {
  const one = start(0, () => 0);
  await one.reconnector.start();
  const doubled = [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000, 60_000];
  expect(await lose(one, 12)).toEqual(doubled);
  expect(await lose(one, 1)).toEqual([100, 200]);
});

test('a delay is up to a tenth shorter, but never below the first', async () => {
  const one = start(0, () => 1);
  await one.reconnector.start();
  expect(await lose(one, 3)).toEqual([100, 180, 360, 720]);
  expect(await lose(one, 20)).toContain(54_000);
});

test('where the broker named the next one, the first attempt is made at once', async () => {
  const one = start(0, () => 0);
  await one.reconnector.start();
  expect(await lose(one, 2, true)).toEqual([100, 200]);
  expect(one.state.attempts).toBe(4);
});

test('it tries no more once it is stopped', async () => {
  const one = start(0, () => 0);
  await one.reconnector.start();
  one.reconnector.stop();
  one.reconnector.lost(true);
  await new Promise((resolve) => setImmediate(resolve));
  expect(one.state.attempts).toBe(1);
});
