import { describe, expect, test } from '@jest/globals';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { SinkBatch } from '../../src/delivery/sink-batch.ts';
import { Leftovers } from '../../src/runtime/leftovers.ts';
import { readAhead } from '../../src/runtime/read-ahead.ts';
import { RunControl } from '../../src/runtime/run-control.ts';
import type { RunContext } from '../../src/runtime/run-deps.ts';
import { DEFAULT_RUN_SETTINGS } from '../../src/runtime/run-settings.ts';
import { settle } from '../../src/runtime/settle.ts';
import { BatchWorld, record } from '../delivery/sink-kit.ts';

const running = (): AbortSignal => new AbortController().signal;

describe('reading ahead', () => {
  const source = (count: number, events: string[] = [], failAt = -1) =>
    async function* () {
      try {
        for (let i = 0; i < count; i++) {
          events.push(`read ${i}`);
          if (i === failAt) throw new Error(`page ${i}`);
          yield i;
        }
      } finally {
        events.push('closed');
      }
    };

  test('keeps the order, and is one item ahead', async () => {
    const events: string[] = [];
    for await (const item of readAhead(source(3, events), running())) {
      await Promise.resolve();
      events.push(`work ${item}`);
    }
    expect(events).toEqual(['read 0', 'read 1', 'work 0', 'read 2', 'work 1', 'closed', 'work 2']);
  });

  test('gives what came before an error, then the error', async () => {
    const taken: number[] = [];
    const all = (async () => {
      for await (const item of readAhead(source(3, [], 2), running())) taken.push(item);
    })();
    await expect(all).rejects.toThrow('page 2');
    expect(taken).toEqual([0, 1]);
  });

  test('closes its source when the taker leaves, and forgets an error of the item ahead', async () => {
    const events: string[] = [];
    for await (const item of readAhead(source(3, events, 1), running())) if (item === 0) break;
    expect(events).toEqual(['read 0', 'read 1', 'closed']);
  });

  test('ends the reading that is under way when the taker fails', async () => {
    async function* slow(signal: AbortSignal) {
      yield 0;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      yield 1;
    }
    const all = (async () => {
      for await (const item of readAhead(slow, running())) throw new Error(`item ${item}`);
    })();
    await expect(all).rejects.toThrow('item 0');
  });
});

describe('leftovers of an earlier invocation', () => {
  test('are destroyed by the next one, and what was closed in time is not (rule 12)', async () => {
    const leftovers = new Leftovers();
    const destroyed: string[] = [];
    const session = (name: string) => ({ destroy: () => void destroyed.push(name) });
    await leftovers.tracked(session('closed'), async () => undefined);
    await expect(leftovers.tracked(session('failed'), async () => Promise.reject(new Error('failed')))).rejects.toThrow(
      'failed',
    );
    void leftovers.tracked(session('frozen'), () => new Promise(() => undefined));
    leftovers.destroyAll();
    leftovers.destroyAll();
    expect(destroyed).toEqual(['frozen']);
  });
});

describe('settling a batch', () => {
  const contextOf = (control = new RunControl(), waits: number[] = [], onWait: () => void = () => undefined) =>
    ({
      control,
      deps: {
        settings: { ...DEFAULT_RUN_SETTINGS, backoff: { firstMs: 100, maxMs: 10_000 }, maxWaitInRunMs: 1_000 },
        random: () => 0.5,
        clock: {
          nowMs: () => 0,
          monotonicMs: () => 0,
          sleep: async (ms: number) => {
            waits.push(ms);
            onWait();
          },
        },
      },
    }) as unknown as RunContext;
  const batchOf = (count = 3): SinkBatch =>
    new BatchWorld().batch(
      Array.from({ length: count }, (_, index) => record(index, `r${index}`)),
      { frontier: undefined },
    );
  const settleNext = (batch: SinkBatch, records: number) => {
    for (const item of batch.records.filter(({ outcome }) => outcome === undefined).slice(0, records))
      item.outcome = 'written';
  };
  const fail = (batch: SinkBatch, error: PulsarIoError) => {
    for (const item of batch.records) if (item.outcome === undefined) item.lastError = error;
  };

  test('passes it again without a pause while each pass settles something', async () => {
    const waits: number[] = [];
    let passes = 0;
    await settle(
      batchOf(),
      async (batch) => {
        passes += 1;
        settleNext(batch, 1);
      },
      contextOf(undefined, waits),
    );
    expect({ passes, waits }).toEqual({ passes: 3, waits: [] });
  });

  test('waits longer after each pass in vain, then gives up with the last failure, which is not final', async () => {
    const waits: number[] = [];
    const error = new PulsarIoError('PIO_SINK_REJECTED', 'it will not have it');
    const settled = settle(batchOf(), async (batch) => fail(batch, error), contextOf(undefined, waits));
    await expect(settled).rejects.toMatchObject({
      code: 'PIO_SINK_REJECTED',
      disposition: 'retry',
      message: expect.stringMatching(/it will not have it.*deadLetterTopic/),
    });
    expect(waits.length).toBeGreaterThan(2);
    for (const [index, wait] of waits.entries())
      if (index > 1) expect(wait).toBeGreaterThan(waits[index - 2] as number);
  });

  test('gives up when the run is asked to end while it waits, with the cause', async () => {
    const control = new RunControl();
    const error = new PulsarIoError('PIO_SINK_UNAVAILABLE', 'the target is away');
    const context = contextOf(control, [], () => control.stop('stopped'));
    let passes = 0;
    const settled = settle(
      batchOf(),
      async (batch) => {
        passes += 1;
        fail(batch, error);
      },
      context,
    );
    await expect(settled).rejects.toMatchObject({ code: 'PIO_SINK_UNAVAILABLE', message: 'the target is away' });
    expect(passes).toBe(1);
  });
});
