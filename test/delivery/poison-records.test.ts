import { beforeEach, describe, expect, test } from '@jest/globals';
import { PulsarIoError } from '../../src/core/errors.ts';
import { type SinkRecord, WRITTEN } from '../../src/core/record.ts';
import { BatchWorld, outcomes, record } from './sink-kit.ts';

const eight = (): SinkRecord[] => [...'abcdefgh'].map((text, index) => record(index, text));
const shared = { order: 'none', frontier: undefined, withLetters: true } as const;

let world: BatchWorld;
beforeEach(() => {
  world = new BatchWorld();
});

/** A target that throws `error` for a whole batch when one of these texts is in it. */
const refuseTogether = (poison: readonly string[], error: Error, seen: string[] = []): string[] => {
  world.sink.write = async (records) => {
    seen.push(records.map(({ value }) => String(value)).join(''));
    if (records.some(({ value }) => poison.includes(String(value)))) throw error;
    return records.map(() => WRITTEN);
  };
  return seen;
};

describe('a batch that its target refuses as a whole', () => {
  test('is halved until the records to blame stand alone; they are dead-lettered and all others written, in their order', async () => {
    const seen = refuseTogether(['c', 'h'], new PulsarIoError('PIO_SINK_REJECTED', 'one of these'));
    const batch = world.batch(eight(), shared);
    await world.pipeline('ATLEAST_ONCE')(batch);
    expect(seen).toEqual(['abcdefgh', 'abcd', 'ab', 'cd', 'c', 'd', 'efgh', 'ef', 'gh', 'g', 'h']);
    expect(world.letters.map(({ value }) => String(value))).toEqual(['c', 'h']);
    expect(outcomes(batch).filter((outcome) => outcome === 'written')).toHaveLength(6);
  });

  test('is halved also for an error that nobody classified, whose record is tried again', async () => {
    refuseTogether(['a'], new TypeError('cannot read properties of null'));
    const batch = world.batch(eight(), shared);
    await world.pipeline('ATLEAST_ONCE')(batch);
    expect(outcomes(batch)).toEqual(['handed-back', ...Array(7).fill('written')]);
    expect(batch.records[0]?.lastError?.message).toContain('cannot read properties of null');
  });

  test('is not halved when the target is away, and not for long when it takes nothing at all', async () => {
    const away = refuseTogether(['a'], new PulsarIoError('PIO_SINK_UNAVAILABLE', 'away'));
    await expect(world.pipeline('ATLEAST_ONCE')(world.batch(eight(), shared))).rejects.toThrow('away');
    expect(away).toHaveLength(1);
    const broken = refuseTogether([...'abcdefgh'], new TypeError('broken'));
    const batch = world.batch(eight(), shared);
    await expect(world.pipeline('ATLEAST_ONCE')(batch)).rejects.toThrow('broken');
    expect({ tries: broken.length <= 9, outcomes: outcomes(batch), letters: world.letters }).toEqual({
      tries: true,
      outcomes: Array(8).fill(undefined),
      letters: [],
    });
  });

  test('is given up as a whole under ATMOST_ONCE: halves would be second tries', async () => {
    const seen = refuseTogether(['c'], new PulsarIoError('PIO_SINK_REJECTED', 'one of these'));
    const batch = world.batch(eight());
    await expect(world.pipeline('ATMOST_ONCE')(batch)).rejects.toThrow('one of these');
    expect({ seen, outcomes: outcomes(batch) }).toEqual({ seen: ['abcdefgh'], outcomes: Array(8).fill('dropped') });
  });
});

describe('a dead letter that is too large', () => {
  const refuseLetters = (fits: (properties: Readonly<Record<string, string>>) => boolean) => {
    world.acceptLetter = ({ properties = {} }) => {
      if (!fits(properties)) throw new PulsarIoError('PIO_RECORD_TOO_LARGE', 'too large');
    };
  };
  const poison = (properties: Readonly<Record<string, string>>) => {
    world.sink.write = async () => [{ ok: false, error: new PulsarIoError('PIO_SINK_REJECTED', 'never') }];
    return world.batch([record(0, 'payload', { properties })], shared);
  };

  test("leaves out what is long of the record's own properties, keeps all of its payload, and says so", async () => {
    refuseLetters(({ mine = '' }) => mine.length < 1_000);
    await world.pipeline('ATLEAST_ONCE')(poison({ mine: 'x'.repeat(5_000), short: 'y' }));
    expect(world.letters).toMatchObject([
      {
        value: Buffer.from('payload'),
        properties: {
          mine: 'x'.repeat(200),
          short: 'y',
          ORIGIN_MESSAGE_ID: '1:0',
          'pulsar-io.reason': 'never',
          'pulsar-io.properties-cut': '2',
        },
      },
    ]);
  });

  test('stops the instance with what to do when its payload alone does not fit, and never drops the record', async () => {
    refuseLetters(() => false);
    const batch = poison({});
    await expect(world.pipeline('ATLEAST_ONCE')(batch)).rejects.toMatchObject({
      code: 'PIO_RECORD_TOO_LARGE',
      disposition: 'fatal',
      message: expect.stringContaining('message 1:0 of topic is larger than letters takes'),
    });
    expect({ outcomes: outcomes(batch), happened: world.happened }).toEqual({ outcomes: [undefined], happened: [] });
  });
});
