import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PulsarIoError } from '../../src/core/errors.ts';
import { WHOLE_ENTRY } from '../../src/core/frontier.ts';
import type { RecordResult, SinkRecord } from '../../src/core/record.ts';
import type { Accepts } from '../../src/delivery/decode.ts';
import type { LetterBook } from '../../src/delivery/letter-book.ts';
import { BatchWorld, outcomes, record } from './sink-kit.ts';

const rejected = (): RecordResult => ({ ok: false, error: new PulsarIoError('PIO_SINK_REJECTED', 'never') });
const unavailable = (): RecordResult => ({ ok: false, error: new PulsarIoError('PIO_SINK_UNAVAILABLE', 'not now') });
const ok: RecordResult = { ok: true };
const three = (): SinkRecord[] => ['a', 'b', 'c'].map((text, index) => record(index, text));

let world: BatchWorld;
beforeEach(() => {
  world = new BatchWorld();
});

describe('decoding', () => {
  const decoded = async (bytes: Buffer | null, accepts: Accepts) => {
    const batch = world.batch([record(0, '', { bytes })]);
    await world.pipeline('EFFECTIVELY_ONCE', accepts)(batch);
    const [item] = batch.records;
    return item?.lastError ? item.lastError.code : item?.shaped?.value;
  };

  test.each<[string, Accepts, unknown]>([
    ['{"a":1}', 'fields', { a: 1 }],
    ['{"a":9007199254740993}', 'fields', { a: 9007199254740993n }],
    ['{"a":-9007199254740993}', 'fields', { a: -9007199254740993n }],
    ['{"a":9007199254740992.5}', 'fields', { a: 9007199254740992 }],
    ['{"a":1e20,"b":"1234567890123456789"}', 'fields', { a: 1e20, b: '1234567890123456789' }],
    ['{"a":{"b":[12345678901234567890]}}', 'fields', { a: { b: [12345678901234567890n] } }],
    ['[1]', 'fields', 'PIO_RECORD_UNREADABLE'],
    ['1', 'fields', 'PIO_RECORD_UNREADABLE'],
    ['null', 'fields', 'PIO_RECORD_UNREADABLE'],
    ['', 'fields', 'PIO_RECORD_UNREADABLE'],
    ['{', 'fields', 'PIO_RECORD_UNREADABLE'],
    ['text äöü', 'text', 'text äöü'],
    ['', 'text', ''],
  ])('reads %j as %s', async (payload, accepts, expected) => {
    expect(await decoded(Buffer.from(payload), accepts)).toEqual(expected);
  });

  test('refuses bytes that are not UTF-8 as text, and takes them as bytes', async () => {
    const bytes = Buffer.from([0x61, 0xff]);
    expect(await decoded(bytes, 'text')).toBe('PIO_RECORD_UNREADABLE');
    expect(await decoded(bytes, 'bytes')).toBe(bytes);
  });

  test('rejects a message that the client could not read, even as bytes, and says why', async () => {
    const unreadable = { ...record(7, 'x'), unreadable: 'ChecksumMismatch' };
    for (const accepts of ['fields', 'text', 'bytes'] as const) {
      const batch = world.batch([unreadable]);
      await world.pipeline('ATLEAST_ONCE', accepts)(batch);
      const { lastError } = batch.records[0] ?? {};
      expect([lastError?.code, lastError?.message]).toEqual([
        'PIO_RECORD_UNREADABLE',
        'message 1:7 of topic cannot be read: ChecksumMismatch',
      ]);
    }
  });

  test('keeps a tombstone a tombstone in every form', async () => {
    for (const accepts of ['fields', 'text', 'bytes'] as const) expect(await decoded(null, accepts)).toBeNull();
  });

  test('says which message it is, and nothing of what is in it', async () => {
    const batch = world.batch([record(7, 'secret {')]);
    await world.pipeline('ATLEAST_ONCE', 'fields')(batch);
    expect(batch.records[0]?.lastError?.message).toBe('message 1:7 of topic is not a JSON object');
  });
});

describe('a transactional target', () => {
  const run = async (batch: ReturnType<BatchWorld['batch']>, passes = 1) => {
    const pipeline = world.pipeline('EFFECTIVELY_ONCE', 'text');
    for (let pass = 0; pass < passes; pass++) await pipeline(batch);
  };
  const bad = Buffer.from([0xff]);

  test('gets records and frontier in one transaction, and the broker hears of it after that', async () => {
    const batch = world.batch(three(), { isInTarget: true });
    await run(batch);
    expect(world.happened).toEqual(['transact a b c to 2', 'ack to 2']);
    expect({ outcomes: outcomes(batch), frontier: world.frontier }).toEqual({
      outcomes: ['written', 'written', 'written'],
      frontier: { ledgerId: 1, entryId: 2, batchIndex: WHOLE_ENTRY, version: 1_002 },
    });
  });

  test('gets what lies before a message that cannot be read; that is dead-lettered, and the rest is another transaction', async () => {
    const records = [record(0, 'a'), record(1, '', { bytes: bad }), record(2, 'c')];
    const batch = world.batch(records, { isInTarget: true, withLetters: true });
    await run(batch, 2);
    expect(world.happened).toEqual([
      'transact a to 0',
      `letter ${String(bad)}`,
      'ack to 0',
      'transact c to 2',
      'ack to 2',
    ]);
    expect(outcomes(batch)).toEqual(['written', 'dead-lettered', 'written']);
  });

  test('gets only the frontier when everything was dead-lettered', async () => {
    const records = [0, 1].map((entryId) => record(entryId, '', { bytes: bad }));
    const batch = world.batch(records, { isInTarget: true, withLetters: true });
    await run(batch, 2);
    expect(world.happened.slice(2)).toEqual(['transact to 1', 'ack to 1']);
    expect(outcomes(batch)).toEqual(['dead-lettered', 'dead-lettered']);
  });

  test('is not passed by a message that cannot be read when there is no dead-letter topic', async () => {
    const records = [record(0, 'a'), record(1, '', { bytes: bad }), record(2, 'c')];
    const batch = world.batch(records, { isInTarget: true });
    await run(batch, 3);
    expect(outcomes(batch)).toEqual(['written', undefined, undefined]);
    expect(world.frontier.entryId).toBe(0);
  });

  test('that throws leaves nothing settled and nothing acknowledged', async () => {
    world.sink.transact = async () => Promise.reject(new PulsarIoError('PIO_FENCED', 'a newer run'));
    const batch = world.batch(three(), { isInTarget: true });
    await expect(run(batch)).rejects.toMatchObject({ code: 'PIO_FENCED' });
    expect({ outcomes: outcomes(batch), happened: world.happened, frontier: world.frontier.entryId }).toEqual({
      outcomes: [undefined, undefined, undefined],
      happened: [],
      frontier: -1,
    });
  });

  test('is never ahead of a failed record, whatever fails in whatever pass', async () => {
    const failing = fc.array(fc.array(fc.constantFrom(ok, unavailable(), rejected()), { minLength: 5, maxLength: 5 }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(failing, fc.boolean(), fc.boolean(), async (passes, isInTarget, withLetters) => {
        world = new BatchWorld();
        let pass: RecordResult[] = [];
        const results = (records: readonly SinkRecord[]) =>
          records.map(({ messageId }) => pass[messageId.entryId] ?? ok);
        world.sink.write = async (records) => results(records);
        world.sink.transact = async (records) => {
          const found = results(records);
          return found.every((result) => result.ok)
            ? undefined
            : found.map((result) => (result.ok ? undefined : result));
        };
        const records = ['a', 'b', 'c', 'd', 'e'].map((text, index) => record(index, text));
        const batch = world.batch(records, { isInTarget, withLetters });
        const pipeline = world.pipeline('EFFECTIVELY_ONCE');
        for (pass of passes) {
          await pipeline(batch);
          const settled = outcomes(batch).indexOf(undefined);
          const last = settled < 0 ? 4 : settled - 1;
          expect(world.frontier.entryId).toBeLessThanOrEqual(last);
          const acks = world.happened.filter((line) => line.startsWith('ack to')).map((line) => Number(line.slice(7)));
          expect(Math.max(-1, ...acks)).toBeLessThanOrEqual(world.frontier.entryId);
          const letters = world.letters.map(({ sequenceId }) => sequenceId);
          expect(letters).toEqual([...letters].sort((a, b) => a - b));
        }
      }),
    );
  });
});

describe('an idempotent target, which orders nothing', () => {
  /** What was handed over, one text per write. */
  const handed: string[] = [];
  const answer = (resultOf: (text: string) => RecordResult) => {
    handed.length = 0;
    world.sink.write = async (records) => {
      handed.push(records.map(({ value }) => String(value)).join(' '));
      return records.map(({ value }) => resultOf(String(value)));
    };
  };

  test('is handed nothing behind a record that is a letter already', async () => {
    answer(() => ok);
    const book: LetterBook = {
      refusal: ({ record: { messageId } }) =>
        messageId.entryId === 1 ? new PulsarIoError('PIO_SINK_REJECTED', 'never') : undefined,
      decide: async () => undefined,
      holdsBack: () => false,
    };
    const batch = world.batch(three(), { withLetters: true, route: 'idempotent', book });
    const pipeline = world.pipeline('EFFECTIVELY_ONCE');
    await pipeline(batch);
    expect(handed).toEqual(['a']);
    await pipeline(batch);
    expect({ handed, outcomes: outcomes(batch) }).toEqual({
      handed: ['a', 'c'],
      outcomes: ['written', 'dead-lettered', 'written'],
    });
  });

  test('is handed one record after the other, and none behind one that fails; those did not fail', async () => {
    let failures = 0;
    answer((text) => (text === 'b' && failures++ < 2 ? unavailable() : ok));
    const batch = world.batch(three(), { withLetters: true, maxRetries: 1, route: 'idempotent' });
    const pipeline = world.pipeline('EFFECTIVELY_ONCE');
    await pipeline(batch);
    expect({ handed, outcomes: outcomes(batch) }).toEqual({
      handed: ['a', 'b'],
      outcomes: ['written', undefined, undefined],
    });
    await pipeline(batch);
    await pipeline(batch);
    expect({ handed, outcomes: outcomes(batch), attempts: batch.records.map(({ attempts }) => attempts) }).toEqual({
      handed: ['a', 'b', 'b', 'c'],
      outcomes: ['written', 'dead-lettered', 'written'],
      attempts: [0, 2, 0],
    });
  });

  test.each([
    ['ATLEAST_ONCE', 'none'],
    ['ATMOST_ONCE', 'topic'],
  ] as const)('is handed all at once under %s, where the order of a failed record is %s', async (guarantee, order) => {
    answer((text) => (text === 'b' ? unavailable() : ok));
    const batch = world.batch(three(), { route: 'idempotent', order });
    await world.pipeline(guarantee)(batch);
    expect(handed).toEqual(['a b c']);
  });

  test('that keeps the order of keys under ATLEAST_ONCE is handed none behind one of its key that fails', async () => {
    answer((text) => (text === 'b' ? unavailable() : ok));
    const records = [
      record(0, 'a', { key: 'k' }),
      record(1, 'b', { key: 'k' }),
      record(2, 'c', { key: 'k' }),
      record(3, 'd'),
    ];
    const batch = world.batch(records, { route: 'idempotent', order: 'key' });
    await world.pipeline('ATLEAST_ONCE')(batch);
    expect({ handed, outcomes: outcomes(batch) }).toEqual({
      handed: ['a', 'b', 'd'],
      outcomes: ['written', undefined, undefined, 'written'],
    });
  });
});

describe('a versioned target', () => {
  test('has its frontier stored after the write, up to the first failure, and acknowledged after that', async () => {
    world.sink.write = async () => [ok, unavailable(), ok];
    const batch = world.batch(three(), { route: 'versioned' });
    await world.pipeline('EFFECTIVELY_ONCE')(batch);
    expect({ happened: world.happened, outcomes: outcomes(batch) }).toEqual({
      happened: ['frontier 0', 'ack to 0'],
      outcomes: ['written', undefined, 'written'],
    });
    world.sink.write = async (records) => records.map(() => ok);
    await world.pipeline('EFFECTIVELY_ONCE')(batch);
    expect(world.happened.slice(2)).toEqual(['frontier 2', 'ack to 2']);
  });

  test('has nothing acknowledged when the frontier cannot be stored', async () => {
    world.moveFailure = new PulsarIoError('PIO_FENCED', 'a newer run');
    await expect(
      world.pipeline('EFFECTIVELY_ONCE')(world.batch(three(), { route: 'versioned' })),
    ).rejects.toMatchObject({
      code: 'PIO_FENCED',
    });
    expect(world.happened).toEqual(['write a b c']);
  });
});

describe('ATMOST_ONCE', () => {
  test('moves the frontier before it writes, and gives up what fails', async () => {
    world.sink.write = async (records) => {
      world.happened.push(`write ${records.length}`);
      return [ok, unavailable(), ok];
    };
    const batch = world.batch(three());
    await world.pipeline('ATMOST_ONCE')(batch);
    expect({ happened: world.happened, outcomes: outcomes(batch) }).toEqual({
      happened: ['frontier 2', 'write 3', 'ack to 2'],
      outcomes: ['written', 'dropped', 'written'],
    });
    expect(world.counters.status({})).toMatchObject({ numWritten: 2, numDropped: 1 });
  });

  test('gives up everything that is committed when the target throws', async () => {
    world.sink.write = async () => Promise.reject(new Error('gone'));
    const batch = world.batch(three());
    await expect(world.pipeline('ATMOST_ONCE')(batch)).rejects.toThrow('gone');
    expect(outcomes(batch)).toEqual(['dropped', 'dropped', 'dropped']);
  });

  test('gives up nothing when the frontier could not be moved', async () => {
    world.moveFailure = new PulsarIoError('PIO_FENCED', 'a newer run');
    const batch = world.batch(three());
    await expect(world.pipeline('ATMOST_ONCE')(batch)).rejects.toMatchObject({ code: 'PIO_FENCED' });
    expect({ outcomes: outcomes(batch), happened: world.happened }).toEqual({
      outcomes: [undefined, undefined, undefined],
      happened: [],
    });
  });

  test('dead-letters what the target will never take, although another record before it is given up', async () => {
    world.sink.write = async () => [unavailable(), rejected(), ok];
    const batch = world.batch(three(), { withLetters: true });
    Object.assign(batch.deadLetters as object, { isDeduplicated: false });
    await world.pipeline('ATMOST_ONCE')(batch);
    expect(outcomes(batch)).toEqual(['dropped', 'dead-lettered', 'written']);
  });
});

describe('ATLEAST_ONCE', () => {
  const shared = { order: 'none', frontier: undefined } as const;

  test('acknowledges one by one what was written, and hands back what failed', async () => {
    world.sink.write = async () => [ok, unavailable(), ok];
    const batch = world.batch(three(), shared);
    await world.pipeline('ATLEAST_ONCE')(batch);
    expect({ happened: world.happened, outcomes: outcomes(batch) }).toEqual({
      happened: ['ack 0 2'],
      outcomes: ['written', 'handed-back', 'written'],
    });
  });

  test('dead-letters a record with its own payload, key and properties, and where it came from', async () => {
    world.sink.write = async () => [rejected()];
    const one = record(5, 'a', { key: 'k', properties: { mine: '1' }, eventTimeMs: 9 });
    await world.pipeline('ATLEAST_ONCE')(world.batch([one], { ...shared, withLetters: true }));
    expect(world.letters).toEqual([
      {
        value: Buffer.from('a'),
        sequenceId: 1_005,
        key: 'k',
        eventTimeMs: 9,
        properties: {
          mine: '1',
          ORIGIN_MESSAGE_ID: '1:5',
          REAL_TOPIC: 'topic',
          REAL_SUBSCRIPTION: 'sub',
          'pulsar-io.uid': 'uid',
          'pulsar-io.error': 'PIO_SINK_REJECTED',
          'pulsar-io.reason': 'never',
          'pulsar-io.attempts': '1',
          'pulsar-io.version': '1005',
          'pulsar-io.publish-time': '1',
        },
      },
    ]);
  });

  test.each([
    [2, 0, 'handed-back'],
    [2, 1, 'handed-back'],
    [2, 2, 'dead-lettered'],
    [0, 0, 'dead-lettered'],
    [undefined, 50, 'handed-back'],
  ])(
    'with maxMessageRetries %p, at redelivery %p, a failed record is %s',
    async (maxRetries, redeliveryCount, expected) => {
      world.sink.write = async () => [unavailable()];
      const batch = world.batch([record(0, 'a', { redeliveryCount })], { ...shared, maxRetries, withLetters: true });
      await world.pipeline('ATLEAST_ONCE')(batch);
      expect(outcomes(batch)).toEqual([expected]);
    },
  );

  test('acknowledges nothing of a record whose letter could not be published', async () => {
    world.sink.write = async () => [rejected()];
    world.letterFailure = new PulsarIoError('PIO_PULSAR_UNAVAILABLE', 'away');
    const batch = world.batch([record(0, 'a')], { ...shared, withLetters: true });
    await expect(world.pipeline('ATLEAST_ONCE')(batch)).rejects.toMatchObject({ code: 'PIO_PULSAR_UNAVAILABLE' });
    expect({ happened: world.happened, outcomes: outcomes(batch) }).toEqual({ happened: [], outcomes: [undefined] });
  });

  test('counts each record once over all passes', async () => {
    let results = [ok, unavailable(), ok];
    world.sink.write = async (records) => results.slice(0, records.length);
    const batch = world.batch(three(), { order: 'topic', frontier: undefined });
    const pipeline = world.pipeline('ATLEAST_ONCE');
    await pipeline(batch);
    results = [ok, ok];
    await pipeline(batch);
    expect(world.counters.status({})).toMatchObject({ numWritten: 3, numConnectorExceptions: 1 });
    expect(world.happened).toEqual(['ack to 0', 'ack to 2']);
  });
});
