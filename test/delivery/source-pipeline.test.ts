import { describe, expect, test } from '@jest/globals';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { Guarantee } from '../../src/core/guarantee.ts';
import { NEW_STATUS } from '../../src/core/instance-status.ts';
import type { MessagingProducer, OutgoingMessage, Receipt } from '../../src/core/messaging.ts';
import { SOURCE_START, type SourceProgress } from '../../src/core/progress.ts';
import type { SourceRecord } from '../../src/core/record.ts';
import { RunCounters } from '../../src/core/run-counters.ts';
import { type Output, OutputTopics, route } from '../../src/delivery/output-topic.ts';
import { GUARANTEE_KEEPERS, sourcePipeline } from '../../src/delivery/pipeline.ts';
import type { ResumedOutputs } from '../../src/delivery/resume-outputs.ts';
import { type SourceBatch, toItems } from '../../src/delivery/source-batch.ts';

const clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: async () => undefined };
const MAX_BYTES = 1_000;

/** A topic that keeps what it is sent, and what happened to it. */
class SourceWorld {
  readonly happened: string[] = [];
  readonly counters = new RunCounters(NEW_STATUS, clock);
  progress: SourceProgress = SOURCE_START;
  commitFailure: Error | undefined;
  inFlight = 0;
  mostInFlight = 0;
  sendFailure: Error | undefined;
  duplicateUpTo = -1;
  readonly output: Output;

  constructor() {
    const producer: MessagingProducer = {
      name: 'p',
      lastSequenceId: -1,
      maxMessageBytes: MAX_BYTES,
      close: async () => undefined,
      sendEntry: async (messages) => this.#send(messages),
    };
    this.output = { topic: 'topic', producer, lastSequence: -1, isUsed: true, trusted: true, messageId: null };
  }

  async #send(messages: readonly OutgoingMessage[]): Promise<Receipt> {
    const ids = messages.map(({ sequenceId }) => sequenceId);
    const bytes = messages.reduce((sum, { value }) => sum + (value?.byteLength ?? 0), 0);
    if (bytes > MAX_BYTES) throw Object.assign(new Error('too big'), { code: 'MessageTooBig' });
    if (this.sendFailure) throw this.sendFailure;
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    await new Promise(setImmediate);
    this.inFlight -= 1;
    this.happened.push(`send ${ids.join(' ')}`);
    const [lowestSequenceId = 0, highestSequenceId = 0] = [ids[0], ids.at(-1)];
    const isDuplicate = lowestSequenceId <= this.duplicateUpTo;
    const messageId = isDuplicate ? null : { ledgerId: 1, entryId: highestSequenceId, batchIndex: -1 };
    return { messageId, lowestSequenceId, highestSequenceId };
  }

  async run(guarantee: Guarantee, records: readonly SourceRecord[]): Promise<SourceBatch> {
    const resumed = {
      outputs: [this.output],
      afterCommit: async () => undefined,
    } as unknown as ResumedOutputs;
    const batch: SourceBatch = {
      sourcePartition: 'p',
      items: toItems(records),
      output: new OutputTopics({ outputs: [this.output], partitions: 0 }),
      checkpoint: {
        progress: this.progress,
        commit: async (change) => {
          if (this.commitFailure) throw this.commitFailure;
          this.happened.push(`commit ${change.sequence}`);
          this.progress = { ...this.progress, ...change };
          Object.assign(batch.checkpoint, { progress: this.progress });
        },
      },
      deadLetters: undefined,
      counters: this.counters,
      signal: new AbortController().signal,
    };
    const keeper = GUARANTEE_KEEPERS.source[guarantee];
    await sourcePipeline(keeper.middleware(keeper.resumes ? resumed : undefined))(batch);
    return batch;
  }
}

const records = (...values: readonly unknown[]): SourceRecord[] =>
  values.map((value, sequence) => ({ value, sequence, position: { next: sequence + 1 } }));

describe('a source pipeline', () => {
  test('commits before it publishes under ATMOST_ONCE, and after the receipts otherwise (rule 35)', async () => {
    for (const guarantee of ['ATMOST_ONCE', 'ATLEAST_ONCE', 'EFFECTIVELY_ONCE'] as const) {
      const world = new SourceWorld();
      await world.run(guarantee, records('a', 'b'));
      const order = ['send 0 1', 'commit 1'];
      expect({ guarantee, happened: world.happened }).toEqual({
        guarantee,
        happened: guarantee === 'ATMOST_ONCE' ? order.reverse() : order,
      });
      expect(world.counters.status({})).toMatchObject({ numWritten: 2 });
    }
  });

  test('under ATMOST_ONCE drops what was committed and is in doubt, and nothing when the commit failed (rule 35)', async () => {
    const world = new SourceWorld();
    world.sendFailure = Object.assign(new Error('gone'), { code: 'Disconnected' });
    await expect(world.run('ATMOST_ONCE', records('a', 'b'))).rejects.toMatchObject({ code: 'PIO_PULSAR_UNAVAILABLE' });
    expect(world.counters.status({})).toMatchObject({ numDropped: 2, numWritten: 0 });
    const fenced = new SourceWorld();
    fenced.commitFailure = new PulsarIoError('PIO_FENCED', 'a newer run');
    await expect(fenced.run('ATMOST_ONCE', records('a', 'b'))).rejects.toMatchObject({ code: 'PIO_FENCED' });
    expect({ happened: fenced.happened, dropped: fenced.counters.status({}).numDropped }).toEqual({
      happened: [],
      dropped: 0,
    });
  });

  test('under ATMOST_ONCE drops a record that is too large, and publishes those around it', async () => {
    const world = new SourceWorld();
    await world.run('ATMOST_ONCE', records('a', 'x'.repeat(2 * MAX_BYTES), 'c'));
    expect(world.happened.filter((line) => line.startsWith('send'))).toEqual(['send 0', 'send 2']);
    expect(world.counters.status({})).toMatchObject({ numDropped: 1, numWritten: 2 });
  });

  test('commits nothing when publishing failed', async () => {
    for (const guarantee of ['ATLEAST_ONCE', 'EFFECTIVELY_ONCE'] as const) {
      const world = new SourceWorld();
      world.sendFailure = Object.assign(new Error('gone'), { code: 'Disconnected' });
      await expect(world.run(guarantee, records('a'))).rejects.toMatchObject({ code: 'PIO_PULSAR_UNAVAILABLE' });
      expect(world.happened).toEqual([]);
    }
  });

  test('takes an unexpected "I hold it already" for no success (rule 1)', async () => {
    const world = new SourceWorld();
    world.duplicateUpTo = 0;
    await expect(world.run('EFFECTIVELY_ONCE', records('a', 'b'))).rejects.toMatchObject({
      code: 'PIO_PULSAR_REFUSED',
      disposition: 'retry',
    });
    expect(world.progress).toEqual(SOURCE_START);
  });

  test('skips what is held, sends the last of it alone, and never mixes it with what is new (rule 1)', async () => {
    const world = new SourceWorld();
    Object.assign(world.output, { lastSequence: 2, trusted: false });
    world.duplicateUpTo = 2;
    await world.run('EFFECTIVELY_ONCE', records('a', 'b', 'c', 'd', 'e'));
    expect(world.happened).toEqual(['send 2', 'send 3 4', 'commit 4']);
  });

  test('stops when the source no longer gives the record that the broker named last (rule 10)', async () => {
    const world = new SourceWorld();
    Object.assign(world.output, { lastSequence: 2, trusted: false });
    const [a, b, , d] = records('a', 'b', 'c', 'd');
    await expect(world.run('EFFECTIVELY_ONCE', [a, b, d] as SourceRecord[])).rejects.toMatchObject({
      code: 'PIO_PROGRESS_UNCERTAIN',
      disposition: 'fatal',
    });
    expect(world.happened).toEqual([]);
  });

  test('cuts entries to what the broker takes, with one in flight (rule 3)', async () => {
    const world = new SourceWorld();
    await world.run('EFFECTIVELY_ONCE', records(...Array(10).fill('x'.repeat(200))));
    expect(world.happened).toEqual(['send 0 1 2', 'send 3 4 5', 'send 6 7 8', 'send 9', 'commit 9']);
    expect(world.mostInFlight).toBe(1);
  });

  test('stops in front of a record that cannot be published, with the position before it', async () => {
    for (const guarantee of ['ATLEAST_ONCE', 'EFFECTIVELY_ONCE'] as const) {
      const world = new SourceWorld();
      const [a, b, c] = records('a', 1n, 'c');
      await expect(world.run(guarantee, [a, b, c] as SourceRecord[])).rejects.toMatchObject({
        code: 'PIO_SOURCE_RECORD_INVALID',
        disposition: 'fatal',
      });
      expect({ guarantee, happened: world.happened }).toEqual({ guarantee, happened: ['send 0', 'commit 0'] });
    }
  });

  test('refuses a sequence that is none, whatever the guarantee (rule 13)', async () => {
    const world = new SourceWorld();
    const wrong = [{ value: 'a', sequence: 2 ** 53, position: {} }];
    await expect(world.run('ATLEAST_ONCE', wrong)).rejects.toMatchObject({
      code: 'PIO_INTERNAL',
      disposition: 'fatal',
    });
  });

  test('routes by the key where there is one, else by the sequence (rule 14)', () => {
    const message = (sequenceId: number, key?: string): OutgoingMessage => ({ value: null, sequenceId, key });
    expect([0, 1, 2, 3].map((sequence) => route(message(sequence), 3))).toEqual([0, 1, 2, 0]);
    expect([0, 1, 2].map((sequence) => route(message(sequence, 'key1'), 10))).toEqual([1, 1, 1]);
    expect(route(message(7, 'key1'), 0)).toBe(0);
  });
});
