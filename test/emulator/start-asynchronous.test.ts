import { describe, expect, test } from '@jest/globals';
import {
  AsynchronousInvocations,
  type AsynchronousSettings,
  type FailedInvocation,
} from '../../src/emulator/offline/aws/asynchronous.ts';

const settings = (changes: Partial<AsynchronousSettings> = {}): AsynchronousSettings => ({
  name: 'f',
  maxRetries: 2,
  maxAgeMs: 6 * 3_600_000,
  keepsFailures: true,
  ...changes,
});

/** A queue on a clock that only its own waits move. */
const queueOf = () => {
  const kept: FailedInvocation[] = [];
  const waits: number[] = [];
  let now = 0;
  const wait = async (ms: number) => {
    waits.push(ms);
    now += ms;
  };
  const queue = new AsynchronousInvocations({ keep: (failure) => kept.push(failure), nowMs: () => now, wait });
  return { queue, kept, waits };
};

/** Fails until its `n`-th call. */
const failingUntil = (n: number) => {
  const calls = { count: 0 };
  const run = async () => {
    calls.count += 1;
    if (calls.count < n) throw new TypeError('not yet');
  };
  return { calls, run };
};

describe('asynchronous invocations offline', () => {
  test('are tried again after a minute and after two more, and are then done', async () => {
    const { queue, kept, waits } = queueOf();
    const { calls, run } = failingUntil(3);
    await queue.invoke(settings(), {}, run);
    expect([calls.count, waits, kept]).toEqual([3, [60_000, 120_000], []]);
  });

  test.each([
    ['after three attempts', {}, 'RetriesExhausted', 3],
    ['after one where retries are off', { maxRetries: 0 }, 'RetriesExhausted', 1],
    ['when another attempt would come too late', { maxAgeMs: 90_000 }, 'EventAgeExceeded', 2],
  ])(
    'go to the destination of failures %s, with the event and the error',
    async (_when, changes, condition, attempts) => {
      const { queue, kept } = queueOf();
      const { calls, run } = failingUntil(Number.POSITIVE_INFINITY);
      await queue.invoke(settings(changes), { a: 1 }, run);
      expect(calls.count).toBe(attempts);
      expect(kept).toEqual([
        expect.objectContaining({
          requestContext: expect.objectContaining({ condition, approximateInvokeCount: attempts }),
          requestPayload: { a: 1 },
          responsePayload: { errorType: 'TypeError', errorMessage: 'not yet' },
        }),
      ]);
    },
  );

  test('are forgotten where failures have no destination', async () => {
    const { queue, kept } = queueOf();
    await queue.invoke(settings({ keepsFailures: false }), {}, failingUntil(9).run);
    expect(kept).toEqual([]);
  });

  test('do not wait in any number: what finds no room fails at once', async () => {
    const kept: FailedInvocation[] = [];
    const queue = new AsynchronousInvocations({ keep: (it) => kept.push(it), wait: () => new Promise(() => {}) });
    const { run } = failingUntil(Number.POSITIVE_INFINITY);
    const all = Array.from({ length: 201 }, () => queue.invoke(settings(), {}, run));
    await all.at(-1);
    expect(kept).toHaveLength(1);
  });
});
