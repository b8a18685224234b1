import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { FrontierObject, type Objects } from '../../src/connectors/s3/frontier-object.ts';
import { FRONTIER_START, type Frontier } from '../../src/core/frontier.ts';

const RECORDS = 12;
const TOPIC = 'persistent://public/default/in';
const running = () => new AbortController().signal;
const at = (n: number): Frontier => ({ ledgerId: 1, entryId: n, batchIndex: -1, version: n });

/** A bucket that keeps S3's conditions, in memory. */
class Bucket implements Objects {
  readonly name = 'bucket';
  readonly objects = new Map<string, { bytes: Buffer; metadata: Readonly<Record<string, string>>; etag: string }>();

  get: Objects['get'] = async (key) => {
    const found = this.objects.get(key);
    return found && { text: found.bytes.toString(), etag: found.etag };
  };
  metadata: Objects['metadata'] = async (key) => this.objects.get(key)?.metadata;
  put: Objects['put'] = async (key, bytes, { metadata = {}, condition }) => {
    const there = this.objects.get(key);
    if (condition && ('absent' in condition ? there : there?.etag !== condition.etag)) return undefined;
    const etag = createHash('md5').update(bytes).digest('hex');
    this.objects.set(key, { bytes, metadata, etag });
    return etag;
  };

  /** Records of all objects with data. */
  records(): number[] {
    const data = [...this.objects].filter(([key, { bytes }]) => key.startsWith('data/') && bytes.length > 0);
    return data.flatMap(([, { bytes }]) => JSON.parse(bytes.toString()) as number[]).sort((a, b) => a - b);
  }
}

type Fault = 'dies before' | 'dies after' | 'freezes before' | 'loses the answer of';

class Killed extends Error {}

/** The bucket as a run sees it to which something happens at its call number `when`. */
const faulty = (bucket: Bucket, when: number, fault: Fault) => {
  const wakes = Promise.withResolvers<void>();
  const frozen = Promise.withResolvers<void>();
  let calls = 0;
  const call = async <T>(make: () => Promise<T>): Promise<T> => {
    const isNow = calls++ === when;
    if (isNow && fault === 'dies before') throw new Killed();
    if (isNow && fault === 'freezes before') {
      frozen.resolve();
      await wakes.promise;
    }
    const answer = await make();
    if (isNow && fault === 'dies after') throw new Killed();
    // The client tries again what was not answered.
    return isNow && fault === 'loses the answer of' ? make() : answer;
  };
  const objects: Objects = {
    name: bucket.name,
    get: (...args) => call(() => bucket.get(...args)),
    metadata: (...args) => call(() => bucket.metadata(...args)),
    put: (...args) => call(() => bucket.put(...args)),
  };
  return { objects, wake: () => wakes.resolve(), isFrozen: frozen.promise };
};

/** A run: it fences, and writes in batches of its own size from where it is told to. `PIO_FENCED` and a kill end it. */
const run = async (objects: Objects, epoch: number, batch: number, until = RECORDS): Promise<string> => {
  const token = { generation: 1, epoch };
  const frontier = new FrontierObject(objects, 'uid', TOPIC);
  try {
    let { frontier: from } = await frontier.fence(token, FRONTIER_START, running());
    while (from.entryId < until - 1) {
      const to = at(Math.min(from.entryId + batch, until - 1));
      frontier.require(token, from);
      const numbers = Array.from({ length: to.entryId - from.entryId }, (_, i) => from.entryId + 1 + i);
      const next = {
        key: `data/${randomUUID()}`,
        bytes: Buffer.from(JSON.stringify(numbers)),
        contentType: 'x',
        acl: undefined,
      };
      await frontier.move(to, next, running());
      from = to;
    }
    return 'done';
  } catch (error) {
    if (error instanceof Killed) return 'killed';
    if ((error as { code?: string }).code === 'PIO_FENCED') return 'fenced';
    throw error;
  }
};

const all = Array.from({ length: RECORDS }, (_, n) => n);
/** Two calls of a fence, four batches of three. */
const CALLS = Array.from({ length: 14 }, (_, n) => n);

describe('the frontier of an s3 sink', () => {
  test.each(['dies before', 'dies after'] as const)(
    'has every record once when a run %s any of its calls, and its successor any of its own (rule 30)',
    async (fault) => {
      for (const first of CALLS) {
        for (const second of CALLS) {
          const bucket = new Bucket();
          expect(await run(faulty(bucket, first, fault).objects, 1, 3)).toBe('killed');
          await run(faulty(bucket, second, fault).objects, 2, 2);
          expect(await run(bucket, 3, 5)).toBe('done');
          expect(bucket.records()).toEqual(all);
        }
      }
    },
  );

  test('has every record once when a run freezes before any of its calls and wakes after its successor went any way', async () => {
    for (const when of CALLS) {
      for (const until of all) {
        const bucket = new Bucket();
        const zombie = faulty(bucket, when, 'freezes before');
        const ended = run(zombie.objects, 1, 3);
        await zombie.isFrozen;
        expect(await run(bucket, 2, 2, until)).toBe('done');
        zombie.wake();
        expect(['fenced', 'done']).toContain(await ended);
        expect(await run(bucket, 3, 5)).toBe('done');
        expect(bucket.records()).toEqual(all);
      }
    }
  });

  test('has every record once when the successor freezes as well, and both wake', async () => {
    for (const when of CALLS) {
      for (const later of CALLS.slice(0, 6)) {
        const bucket = new Bucket();
        const zombie = faulty(bucket, when, 'freezes before');
        const ended = run(zombie.objects, 1, 3);
        await zombie.isFrozen;
        const second = faulty(bucket, later, 'freezes before');
        const secondEnded = run(second.objects, 2, 2);
        await Promise.race([second.isFrozen, secondEnded]);
        zombie.wake();
        await ended;
        second.wake();
        await secondEnded;
        expect(await run(bucket, 3, 5)).toBe('done');
        expect(bucket.records()).toEqual(all);
      }
    }
  });

  test('recognises its own write when the answer was lost', async () => {
    for (const when of CALLS) {
      const bucket = new Bucket();
      expect(await run(faulty(bucket, when, 'loses the answer of').objects, 1, 3)).toBe('done');
      expect(bucket.records()).toEqual(all);
    }
  });
});
