import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assignedInstance } from '../../src/core/assignment.ts';
import { backoffMs } from '../../src/core/backoff.ts';
import { concurrently } from '../../src/core/concurrently.ts';
import { PulsarIoError, toPulsarIoError } from '../../src/core/errors.ts';
import { FRONTIER_START, frontierAtMarkDelete, isSettled, nextVersion, WHOLE_ENTRY } from '../../src/core/frontier.ts';
import { type InstanceStatus, NEW_STATUS } from '../../src/core/instance-status.ts';
import { compareMessageIds, formatMessageId, type MessageIdParts } from '../../src/core/message-id.ts';
import { murmur3 } from '../../src/core/murmur3.ts';
import { isSequence, MAX_SEQUENCE } from '../../src/core/position.ts';
import { RunCounters } from '../../src/core/run-counters.ts';
import { readRunRequest } from '../../src/core/run-request.ts';
import { compareTokens, tokensOf } from '../../src/core/token.ts';

const messageId = fc.record({
  ledgerId: fc.nat(5),
  entryId: fc.nat(5),
  batchIndex: fc.integer({ min: -1, max: 5 }),
});
const token = fc.record({ generation: fc.nat(4), epoch: fc.nat(4) });

describe('message ids and frontiers', () => {
  test('order by ledger, then entry, then place in the batch', () => {
    fc.assert(
      fc.property(messageId, messageId, messageId, (a, b, c) => {
        const tuple = ({ ledgerId, entryId, batchIndex }: MessageIdParts) =>
          ledgerId * 1e6 + entryId * 1e3 + batchIndex;
        expect(Math.sign(compareMessageIds(a, b))).toBe(Math.sign(tuple(a) - tuple(b)));
        if (compareMessageIds(a, b) <= 0 && compareMessageIds(b, c) <= 0)
          expect(compareMessageIds(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  test('a frontier settles what lies at or below it, and nothing above (rule 24)', () => {
    fc.assert(
      fc.property(messageId, messageId, (id, frontier) => {
        expect(isSettled(id, { ...frontier, version: 1 })).toBe(compareMessageIds(id, frontier) <= 0);
      }),
    );
  });

  test('a mark-delete position settles its whole entry, and an empty one nothing (rule 26)', () => {
    const frontier = frontierAtMarkDelete({ ledgerId: 3, entryId: 4, batchIndex: -1 });
    expect(frontier).toEqual({ ledgerId: 3, entryId: 4, batchIndex: WHOLE_ENTRY, version: 0 });
    expect(isSettled({ ledgerId: 3, entryId: 4, batchIndex: 9_999 }, frontier)).toBe(true);
    expect(isSettled({ ledgerId: 3, entryId: 5, batchIndex: -1 }, frontier)).toBe(false);
    expect(frontierAtMarkDelete(undefined)).toEqual(FRONTIER_START);
    expect(frontierAtMarkDelete({ ledgerId: -1, entryId: -1, batchIndex: -1 })).toEqual(FRONTIER_START);
    // Before the first entry of a topic: nothing of it is settled.
    const earliest = frontierAtMarkDelete({ ledgerId: 3, entryId: -1, batchIndex: -1 });
    expect(isSettled({ ledgerId: 3, entryId: 0, batchIndex: -1 }, earliest)).toBe(false);
  });

  test('print as Pulsar prints them', () => {
    expect(formatMessageId({ ledgerId: 1, entryId: 2, batchIndex: -1 })).toBe('1:2');
    expect(formatMessageId({ ledgerId: 1, entryId: 2, batchIndex: 0 })).toBe('1:2:0');
  });
});

describe('versions', () => {
  const times = fc.array(fc.integer({ min: 0, max: 2e12 }), { minLength: 1, maxLength: 50 });
  const chain = (start: number, publishTimes: readonly number[]): number[] => {
    const versions: number[] = [];
    for (const time of publishTimes) versions.push(nextVersion(versions.at(-1) ?? start, time));
    return versions;
  };

  test('rise strictly along a topic whatever the producers clocks say (rule 28)', () => {
    fc.assert(
      fc.property(times, (publishTimes) => {
        const versions = chain(0, publishTimes);
        for (const [index, version] of versions.entries()) {
          expect(version).toBeGreaterThan(versions[index - 1] ?? 0);
          expect(version).toBeGreaterThanOrEqual((publishTimes[index] as number) * 1000);
        }
      }),
    );
  });

  test('are the same when a replay goes on from any stored frontier (rule 28)', () => {
    fc.assert(
      fc.property(times, fc.nat(), (publishTimes, cut) => {
        const versions = chain(0, publishTimes);
        const at = cut % publishTimes.length;
        const replayed = chain(at === 0 ? 0 : (versions[at - 1] as number), publishTimes.slice(at));
        expect(replayed).toEqual(versions.slice(at));
      }),
    );
  });
});

describe('tokens', () => {
  test('compare by generation, then by epoch, as a total order (rule 17)', () => {
    expect(compareTokens({ generation: 2, epoch: 1 }, { generation: 1, epoch: 9 })).toBeGreaterThan(0);
    fc.assert(
      fc.property(token, token, (a, b) => {
        expect(Math.sign(compareTokens(a, b))).toBe(-Math.sign(compareTokens(b, a)) + 0);
        expect(compareTokens(a, b) === 0).toBe(a.generation === b.generation && a.epoch === b.epoch);
      }),
    );
  });

  test('of one run rise with each fence, and all lie below those of a later lease', () => {
    const [mine, successors] = [tokensOf(3, 7), tokensOf(3, 8)];
    const fences = Array.from({ length: 1000 }, mine);
    for (let i = 1; i < fences.length; i++)
      expect(compareTokens(fences[i] as never, fences[i - 1] as never)).toBeGreaterThan(0);
    expect(compareTokens(successors(), fences.at(-1) as never)).toBeGreaterThan(0);
    expect(compareTokens(tokensOf(4, 1)(), successors())).toBeGreaterThan(0);
  });
});

describe('assignment', () => {
  const names = fc.oneof(fc.string(), fc.constantFrom('persistent://a/b/c-partition-', 'file-', ''));

  test('gives every partition to one of the instances (rule 17)', () => {
    fc.assert(
      fc.property(names, fc.nat(2000), fc.integer({ min: 1, max: 50 }), (base, index, parallelism) => {
        for (const partition of [base, `${base}${index}`]) {
          const instance = assignedInstance(partition, parallelism);
          expect(Number.isInteger(instance) && instance >= 0 && instance < parallelism).toBe(true);
        }
      }),
    );
  });

  test('stays when partitions are added, and spreads numbered ones evenly (rule 17)', () => {
    const assigned = (count: number) =>
      Array.from({ length: count }, (_, index) => assignedInstance(`persistent://a/b/c-partition-${index}`, 3));
    const [before, after] = [assigned(6), assigned(9)];
    expect(after.slice(0, 6)).toEqual(before);
    for (const instance of [0, 1, 2]) expect(after.filter((one) => one === instance).length).toBe(3);
    expect(['0', '1', '2', '3'].map((partition) => assignedInstance(partition, 4))).toEqual([0, 1, 2, 3]);
  });
});

test.each([
  ['key1', 462881061],
  ['key2', 1936800180],
  ['hello', 613153351],
  ['', 0],
])('murmur3 of %j is that of Pulsar', (text, hash) => {
  expect(murmur3(text)).toBe(hash);
});

test('murmur3 is never negative', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(murmur3(text)).toBeGreaterThanOrEqual(0);
    }),
  );
});

describe('back-off', () => {
  test('doubles from the first wait up to the longest, with jitter in the upper half', () => {
    const limits = { firstMs: 100, maxMs: 1_000 };
    const least = [1, 2, 3, 4, 5, 50, 5_000].map((failures) => backoffMs(failures, limits, () => 0));
    const most = [1, 2, 3, 4, 5, 50, 5_000].map((failures) => backoffMs(failures, limits, () => 1));
    expect({ least, most }).toEqual({
      least: [50, 100, 200, 400, 500, 500, 500],
      most: [100, 200, 400, 800, 1_000, 1_000, 1_000],
    });
  });
});

test.each([
  [0, true],
  [MAX_SEQUENCE, true],
  [MAX_SEQUENCE + 1, false],
  [-1, false],
  [1.5, false],
  [Number.NaN, false],
])('whether %p is a sequence: %p', (value, expected) => {
  expect(isSequence(value)).toBe(expected);
});

describe('concurrently', () => {
  test('runs at most so many at once, and all of them', async () => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    await concurrently([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      done.push(item);
    });
    expect({ most, done: done.sort() }).toEqual({ most: 3, done: [1, 2, 3, 4, 5, 6, 7] });
  });

  test('rejects with the first failure after all that were started have ended, and starts no more', async () => {
    const gate = Promise.withResolvers<void>();
    const ended: number[] = [];
    const all = concurrently([1, 2, 3], 2, async (item) => {
      if (item === 1) throw new Error('first');
      await gate.promise;
      ended.push(item);
      throw new Error('second');
    });
    const judged = expect(all).rejects.toThrow('first');
    gate.resolve();
    await judged;
    expect(ended).toEqual([2]);
  });
});

describe('run counters', () => {
  const clock = { nowMs: () => 1_000, monotonicMs: () => 0, sleep: async () => undefined };
  const base: InstanceStatus = { ...NEW_STATUS, numReceived: 5, numWritten: 4, lastReceivedTimeMs: 7, nextRunAtMs: 9 };

  test('add to what earlier runs counted, and forget when the next run was to be', () => {
    const counters = new RunCounters(base, clock);
    counters.received(0);
    expect(counters.status({}).lastReceivedTimeMs).toBe(7);
    counters.received(3);
    counters.written(2);
    counters.deadLettered(1);
    counters.dropped(1);
    expect(counters.settled).toBe(4);
    const status = counters.status({ phase: 'idle' });
    expect(status).toMatchObject({
      phase: 'idle',
      numReceived: 8,
      numWritten: 6,
      numDeadLettered: 1,
      numDropped: 1,
      lastReceivedTimeMs: 1_000,
    });
    expect('nextRunAtMs' in status).toBe(false);
  });

  test('keep the last ten exceptions of each side, with their codes', () => {
    const counters = new RunCounters(base, clock);
    for (let i = 0; i < 12; i++) counters.connectorException(new PulsarIoError('PIO_SINK_REJECTED', `no ${i}`));
    counters.systemException(new TypeError('odd'));
    const status = counters.status({});
    expect(status.numConnectorExceptions).toBe(12);
    expect(status.latestConnectorExceptions.map(({ exceptionString }) => exceptionString)).toEqual(
      Array.from({ length: 10 }, (_, i) => `[PIO_SINK_REJECTED]: no ${i + 2}`),
    );
    expect(status.latestSystemExceptions).toEqual([{ exceptionString: '[TypeError]: odd', timestampMs: 1_000 }]);
  });
});

describe('errors', () => {
  test('take disposition and status from their code, unless the thrower knows better', () => {
    expect(new PulsarIoError('PIO_SINK_REJECTED', 'no')).toMatchObject({ disposition: 'reject', httpStatus: 422 });
    expect(new PulsarIoError('PIO_SINK_REJECTED', 'no', { disposition: 'retry' }).disposition).toBe('retry');
  });

  test('are wrapped with what was being done, and ours pass as they are', () => {
    const own = new PulsarIoError('PIO_FENCED', 'no');
    expect(toPulsarIoError(own, 'PIO_INTERNAL', 'writing')).toBe(own);
    const cause = new Error('odd');
    expect(toPulsarIoError(cause, 'PIO_INTERNAL', 'writing')).toMatchObject({ message: 'writing: odd', cause });
    expect(toPulsarIoError('text', 'PIO_INTERNAL', 'writing').message).toBe('writing: text');
  });
});

describe('the payload of a run', () => {
  const request = {
    kind: 'sink',
    tenant: 't',
    namespace: 'n',
    name: 'c',
    uid: 'u',
    generation: 1,
    instance: 0,
    notAfterMs: 1,
  };

  test('is taken when it is whole', () => {
    expect(readRunRequest(request)).toEqual(request);
    expect(readRunRequest({ ...request, handOver: true })).toMatchObject({ handOver: true });
  });

  test.each([
    [{}, '/kind'],
    [{ ...request, generation: 0 }, '/generation'],
    [{ ...request, instance: -1 }, '/instance'],
    [{ ...request, handOver: false }, '/handOver'],
    [{ ...request, more: 1 }, '/more'],
    [null, '/ Expected object'],
  ])('is refused with what is wrong: %j', (payload, problem) => {
    expect(() => readRunRequest(payload)).toThrow(problem);
  });
});
