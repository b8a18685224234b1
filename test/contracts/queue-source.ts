import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { OpenQueueSource, QueueMessage } from '../../src/core/connector-type.ts';

/** What a queue source's suite gives the contract: one queue of its own per test. */
export interface QueueHarness {
  /** A session that hides what it received for a few seconds. */
  open(): Promise<OpenQueueSource>;
  /** Puts messages into the queue. */
  send(texts: readonly string[]): Promise<void>;
  dispose(): Promise<void>;
}

const running = (): AbortSignal => new AbortController().signal;
const times = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`);
const textOf = ({ record: { value } }: QueueMessage): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value);

const PATIENCE = 5;

/** Receives until `count` messages came, or the queue gave nothing for long: what is hidden comes again within a few seconds. */
const receive = async (source: OpenQueueSource, count: number): Promise<QueueMessage[]> => {
  const found: QueueMessage[] = [];
  for (let empty = 0; found.length < count && empty < PATIENCE; ) {
    const more = await source.receive(count - found.length, 2_000, running());
    if (more.length === 0) empty++;
    found.push(...more);
  }
  return found;
};

/** The laws of every queue source; `make` gives an empty queue. */
export const queueSourceContract = (name: string, make: () => Promise<QueueHarness>): void => {
  describe(`${name} as a queue source`, () => {
    let queue: QueueHarness;
    let source: OpenQueueSource;
    beforeEach(async () => {
      queue = await make();
      source = await queue.open();
    });
    afterEach(async () => {
      await source.close();
      await queue.dispose();
    });

    test('answers an empty queue with nothing', async () => {
      expect(await source.receive(10, 0, running())).toEqual([]);
    });

    test('gives one message, and many, each once while it is hidden, and never more than asked for', async () => {
      await queue.send(times(1));
      expect((await receive(source, 1)).map(textOf)).toEqual(['m0']);
      await queue.send(times(30).slice(1));
      const found: QueueMessage[] = [];
      for (let empty = 0; found.length < 29 && empty < PATIENCE; ) {
        const some = await source.receive(7, 2_000, running());
        if (some.length === 0) empty++;
        expect(some.length).toBeLessThanOrEqual(7);
        found.push(...some);
        await source.extend(
          found.map(({ receipt }) => receipt),
          running(),
        );
      }
      expect(found.map(textOf).toSorted()).toEqual(times(30).slice(1).toSorted());
      expect(new Set(found.map(({ receipt }) => receipt)).size).toBe(29);
    });

    test('gives texts as they were sent', async () => {
      const texts = ['žluťoučký 🐎 𝒳', `'; DROP TABLE x; --"`, 'a\r\nb\tc', '12345678901234567890', 'ä'.repeat(50_000)];
      await queue.send(texts);
      expect((await receive(source, texts.length)).map(textOf).toSorted()).toEqual(texts.toSorted());
    });

    test('gives what was not settled again, under the same id where it names one, and what was settled never', async () => {
      await queue.send(['settled', 'left']);
      const first = await receive(source, 2);
      const receipts = first.filter((it) => textOf(it) === 'settled').map(({ receipt }) => receipt);
      await source.settle(receipts, running());
      await source.close();
      source = await queue.open();
      const again = await receive(source, 1);
      expect(again.map(textOf)).toEqual(['left']);
      expect(await source.receive(10, 0, running())).toEqual([]);
      expect(again[0]?.id).toBe(first.find((it) => textOf(it) === 'left')?.id);
    });

    test('settles a receipt twice without failure', async () => {
      await queue.send(['a']);
      const receipts = (await receive(source, 1)).map(({ receipt }) => receipt);
      await source.settle(receipts, running());
      await source.settle(receipts, running());
      await source.settle([], running());
    });

    test('throws PIO_ABORTED when the run has ended, and loses nothing by it', async () => {
      await queue.send(['a']);
      await expect(source.receive(1, 0, AbortSignal.abort())).rejects.toEqual(
        expect.objectContaining({ code: 'PIO_ABORTED' }),
      );
      expect((await receive(source, 1)).map(textOf)).toEqual(['a']);
    });

    test('waits for a first message no longer than the run goes on', async () => {
      const ending = new AbortController();
      const waiting = source.receive(1, 600_000, ending.signal).catch((error: unknown) => error);
      await new Promise(setImmediate);
      ending.abort();
      const answer = await waiting;
      expect(answer instanceof Error ? (answer as { code?: string }).code : answer).toEqual(
        answer instanceof Error ? 'PIO_ABORTED' : [],
      );
    });

    test('can be closed twice', async () => {
      await source.close();
      await source.close();
    });
  });
};
