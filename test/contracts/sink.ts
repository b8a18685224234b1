import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FrontierMove, OpenSink, TransactionalSink } from '../../src/core/connector-type.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import { FRONTIER_START, type Frontier, WHOLE_ENTRY } from '../../src/core/frontier.ts';
import type { RecordResult, SinkRecord } from '../../src/core/record.ts';
import type { Token } from '../../src/core/token.ts';

/** What a sink's suite gives the contract: one target of its own per test. */
export interface SinkHarness {
  /** A session of the connector on the target; every call opens another one. */
  open(): Promise<OpenSink>;
  /** Record number `n` of the topic, which puts `text` under `key`. Its version is `n` unless given. */
  record(n: number, key: string, text: string, version?: number): SinkRecord;
  /** Record number `n` that the target refuses for good; its payload holds the word `sekrit`. */
  poison(n: number): SinkRecord;
  /** Record number `n` that deletes `key`. */
  tombstone(n: number, key: string, version?: number): SinkRecord;
  /** What a reader of the target sees: text by key. */
  contents(): Promise<Record<string, string>>;
  /** The target has no text with U+0000 in it, and refuses one. */
  readonly cannotStoreNul?: boolean;
  /** Bytes of the largest text that is tried, where the target does not take a megabyte. */
  readonly largestText?: number;
  /** Removes the target. */
  dispose(): Promise<void>;
}

/** A record as the runtime hands it over, for harnesses. */
export const sinkRecord = (n: number, record: Partial<SinkRecord>): SinkRecord => ({
  topic: 'persistent://public/default/in',
  messageId: { ledgerId: 7, entryId: n, batchIndex: -1 },
  bytes: null,
  value: null,
  properties: {},
  publishTimeMs: 1_700_000_000_000 + n,
  producerName: 'producer',
  sequenceId: n,
  redeliveryCount: 0,
  version: 1_700_000_000_000_000 + n,
  ...record,
});

const running = (): AbortSignal => new AbortController().signal;
const isWritten = (results: readonly RecordResult[]): boolean => results.every(({ ok }) => ok);
const errorOf = (result: RecordResult | undefined): unknown => (result && !result.ok ? result.error : undefined);
const code = (name: string) => expect.objectContaining({ code: name });
const times = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** The laws of every sink that is keyed; `make` gives a fresh target. */
export const sinkContract = (name: string, make: () => Promise<SinkHarness>): void => {
  describe(`${name} as a sink`, () => {
    let target: SinkHarness;
    let sink: OpenSink;
    beforeEach(async () => {
      target = await make();
      sink = await target.open();
    });
    afterEach(async () => {
      await sink.close();
      await target.dispose();
    });

    test('writes a batch of one', async () => {
      expect(isWritten(await sink.write([target.record(1, 'a', 'one')], running()))).toBe(true);
      expect(await target.contents()).toEqual({ a: 'one' });
    });

    test('answers an empty batch with no results', async () => {
      expect(await sink.write([], running())).toEqual([]);
    });

    test('writes a batch of many, each record once', async () => {
      const records = times(500).map((n) => target.record(n, `key ${n}`, `value ${n}`));
      const results = await sink.write(records, running());
      expect(results).toHaveLength(500);
      expect(isWritten(results)).toBe(true);
      expect(await target.contents()).toEqual(Object.fromEntries(times(500).map((n) => [`key ${n}`, `value ${n}`])));
    });

    test('keeps Unicode, line ends, quotes and control characters', async () => {
      const nul = target.cannotStoreNul ? '' : '\u0000';
      const texts = ['žluťoučký 🐎 𝒳', `日本${nul}語`, `'; DROP TABLE x; --"`, 'a\r\nb\tc', '{"a":[1]}', '\u202eabc'];
      const results = await sink.write(
        texts.map((text, n) => target.record(n, `ключ ${n} 🔑`, text)),
        running(),
      );
      expect(isWritten(results)).toBe(true);
      expect(Object.values(await target.contents()).sort()).toEqual(texts.toSorted());
    });

    test('keeps an empty value and a large one', async () => {
      const large = 'ä'.repeat((target.largestText ?? 1_000_000) / 2);
      expect(isWritten(await sink.write([target.record(1, 'e', ''), target.record(2, 'l', large)], running()))).toBe(
        true,
      );
      const contents = await target.contents();
      expect(contents.e).toBe('');
      expect(contents.l === large).toBe(true);
    });

    test('gives one result per record in their order when one is refused, and writes the others', async () => {
      const records = [target.record(1, 'a', '1'), target.poison(2), target.record(3, 'c', '3')];
      const results = await sink.write(records, running());
      expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
      expect(await target.contents()).toEqual({ a: '1', c: '3' });
    });

    test('gives every refused record of a batch its own result', async () => {
      const records = times(60).map((n) => (n % 3 === 0 ? target.poison(n) : target.record(n, `k${n}`, String(n))));
      const results = await sink.write(records, running());
      expect(results.map(({ ok }) => ok)).toEqual(times(60).map((n) => n % 3 !== 0));
      expect(Object.keys(await target.contents())).toHaveLength(40);
    });

    test('says of a refused record which it is, and nothing of its payload', async () => {
      const error = errorOf((await sink.write([target.poison(41)], running()))[0]) as PulsarIoError;
      expect(error).toBeInstanceOf(PulsarIoError);
      expect(error.disposition).toBe('reject');
      expect(error.message).toContain('persistent://public/default/in 7:41');
      for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
        expect(cause.message).not.toContain('sekrit');
    });

    test('lets the last of two writes to one key win', async () => {
      await sink.write([target.record(1, 'a', 'first'), target.record(2, 'a', 'second')], running());
      expect(await target.contents()).toEqual({ a: 'second' });
    });

    test('deletes what a tombstone names, in its place in the order (rule 29)', async () => {
      await sink.write([target.record(1, 'a', '1'), target.record(2, 'b', '2')], running());
      const records = [target.tombstone(3, 'a'), target.tombstone(4, 'b'), target.record(5, 'b', 'again')];
      expect(isWritten(await sink.write(records, running()))).toBe(true);
      expect(await target.contents()).toEqual({ b: 'again' });
    });

    test('throws PIO_ABORTED and writes nothing when the run has ended', async () => {
      const written = sink.write([target.record(1, 'a', '1')], AbortSignal.abort());
      await expect(written).rejects.toEqual(code('PIO_ABORTED'));
      expect(await target.contents()).toEqual({});
    });

    test('goes on writing after a batch with a refused record', async () => {
      await sink.write([target.poison(1)], running());
      expect(isWritten(await sink.write([target.record(2, 'b', '2')], running()))).toBe(true);
    });

    test('gives every batch its own results when several topics write at once', async () => {
      const batches = times(6).map((topic) =>
        times(40).map((n) => {
          const at = topic * 40 + n;
          const record = n === 7 ? target.poison(at) : target.record(at, `${topic}/${n}`, `${topic} ${n}`);
          return { ...record, topic: `${record.topic}-partition-${topic}` };
        }),
      );
      const results = await Promise.all(batches.map((batch) => sink.write(batch, running())));
      for (const result of results) expect(result.map(({ ok }) => ok)).toEqual(times(40).map((n) => n !== 7));
      const expected = times(240).map((at) => [Math.floor(at / 40), at % 40] as const);
      expect(await target.contents()).toEqual(
        Object.fromEntries(expected.filter(([, n]) => n !== 7).map(([topic, n]) => [`${topic}/${n}`, `${topic} ${n}`])),
      );
    });

    test('gives up when the run ends during a write, and what it called written is there', async () => {
      const ending = new AbortController();
      const records = times(300).map((n) => target.record(n, `k${n}`, String(n)));
      const writing = sink.write(records, ending.signal).catch((error: unknown) => error);
      await new Promise(setImmediate);
      ending.abort();
      const outcome = await writing;
      const contents = await target.contents();
      if (outcome instanceof Error) expect(outcome).toEqual(code('PIO_ABORTED'));
      else
        for (const [n, result] of (outcome as RecordResult[]).entries())
          if (result.ok) expect(contents[`k${n}`]).toBe(String(n));
      const successor = await target.open();
      expect(isWritten(await successor.write(records.slice(0, 10), running()))).toBe(true);
      await successor.close();
    });

    test('can be closed twice, also after a refused record', async () => {
      await sink.write([target.poison(1)], running());
      await sink.close();
      await sink.close();
    });
  });
};

/** The laws of the route `versioned`: an older or repeated write cannot undo a newer one. */
export const versionedSinkContract = (name: string, make: () => Promise<SinkHarness>): void => {
  describe(`${name} as a versioned sink`, () => {
    let target: SinkHarness;
    let sink: OpenSink;
    beforeEach(async () => {
      target = await make();
      sink = await target.open();
    });
    afterEach(async () => {
      await sink.close();
      await target.dispose();
    });

    test('shows the same after a batch is written again', async () => {
      const records = [
        target.record(1, 'a', '1'),
        target.record(2, 'a', '2'),
        target.tombstone(3, 'b'),
        target.record(4, 'c', '4'),
      ];
      await sink.write(records, running());
      const before = await target.contents();
      expect(isWritten(await sink.write(records, running()))).toBe(true);
      expect(await target.contents()).toEqual(before);
      expect(before).toEqual({ a: '2', c: '4' });
    });

    test('keeps the newer value when a zombie repeats an older batch later (rule 28)', async () => {
      const zombie = await target.open();
      const old = [target.record(1, 'a', 'old'), target.record(2, 'b', 'old'), target.record(3, 'c', 'old')];
      await sink.write(old, running());
      await sink.write([target.record(4, 'a', 'new'), target.tombstone(5, 'b')], running());
      expect(isWritten(await zombie.write(old, running()))).toBe(true);
      await zombie.close();
      expect(await target.contents()).toEqual({ a: 'new', c: 'old' });
    });

    test('decides by version and not by arrival, in every order of three writes (rule 28)', async () => {
      const three = [target.record(1, 'a', 'x'), target.tombstone(2, 'a'), target.record(3, 'a', 'z')];
      for (const order of [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
      ]) {
        for (const index of order) await sink.write([three[index] as SinkRecord], running());
        expect(await target.contents()).toEqual({ a: 'z' });
      }
    });
  });
};

/** The laws of the route `transactional`: frontier and data move together, and only for the newest run. */
export const transactionalSinkContract = (name: string, make: () => Promise<SinkHarness>): void => {
  describe(`${name} as a transactional sink`, () => {
    const topic = 'persistent://public/default/in';
    const token = (epoch: number, generation = 1): Token => ({ generation, epoch });
    const at = (n: number): Frontier => ({ ledgerId: 7, entryId: n, batchIndex: -1, version: n });
    const move = (of: Token, from: Frontier, to: Frontier): FrontierMove => ({ topic, token: of, from, to });
    let target: SinkHarness;
    let sink: TransactionalSink;
    const open = async (): Promise<TransactionalSink> => (await target.open()) as TransactionalSink;
    beforeEach(async () => {
      target = await make();
      sink = await open();
    });
    afterEach(async () => {
      await sink.close();
      await target.dispose();
    });

    test('stores the initial frontier of a new topic', async () => {
      const initial: Frontier = { ledgerId: 5, entryId: 2, batchIndex: WHOLE_ENTRY, version: 1_700_000_000_000_001 };
      expect(await sink.fence(topic, token(1), initial, running())).toEqual({ token: token(1), frontier: initial });
      expect(await sink.fence(topic, token(2), FRONTIER_START, running())).toEqual({
        token: token(2),
        frontier: initial,
      });
    });

    test('refuses to fence with an older token, or the same twice', async () => {
      await sink.fence(topic, token(3, 2), FRONTIER_START, running());
      for (const stale of [token(3, 2), token(2, 2), token(9, 1)])
        await expect(sink.fence(topic, stale, FRONTIER_START, running())).rejects.toEqual(code('PIO_FENCED'));
      expect((await sink.fence(topic, token(1, 3), at(9), running())).frontier).toEqual(FRONTIER_START);
    });

    test('moves the frontier with the data, and returns it to the next run', async () => {
      await sink.fence(topic, token(1), FRONTIER_START, running());
      const records = [target.record(1, 'a', '1'), target.record(2, 'b', '2')];
      expect(await sink.transact(records, move(token(1), FRONTIER_START, at(2)), running())).toBeUndefined();
      expect(
        await sink.transact([target.record(3, 'c', '3')], move(token(1), at(2), at(3)), running()),
      ).toBeUndefined();
      expect(await target.contents()).toEqual({ a: '1', b: '2', c: '3' });
      const successor = await open();
      expect((await successor.fence(topic, token(2), FRONTIER_START, running())).frontier).toEqual(at(3));
      await successor.close();
    });

    test('moves the frontier without records', async () => {
      await sink.fence(topic, token(1), FRONTIER_START, running());
      expect(await sink.transact([], move(token(1), FRONTIER_START, at(4)), running())).toBeUndefined();
      expect((await sink.fence(topic, token(2), FRONTIER_START, running())).frontier).toEqual(at(4));
    });

    test('writes nothing for a zombie, in whatever order it and its successor write (rule 16)', async () => {
      await sink.fence(topic, token(1), FRONTIER_START, running());
      const successor = await open();
      await successor.fence(topic, token(2), FRONTIER_START, running());
      const batch = [target.record(1, 'a', 'zombie')];
      await expect(sink.transact(batch, move(token(1), FRONTIER_START, at(1)), running())).rejects.toEqual(
        code('PIO_FENCED'),
      );
      expect(await target.contents()).toEqual({});
      await successor.transact([target.record(1, 'a', 'successor')], move(token(2), FRONTIER_START, at(1)), running());
      await expect(sink.transact(batch, move(token(1), FRONTIER_START, at(1)), running())).rejects.toEqual(
        code('PIO_FENCED'),
      );
      await expect(sink.transact(batch, move(token(1), at(1), at(2)), running())).rejects.toEqual(code('PIO_FENCED'));
      await successor.close();
      expect(await target.contents()).toEqual({ a: 'successor' });
    });

    test('refuses to repeat a transaction that was committed (rule 31)', async () => {
      await sink.fence(topic, token(1), FRONTIER_START, running());
      const once = move(token(1), FRONTIER_START, at(1));
      await sink.transact([target.record(1, 'a', '1')], once, running());
      await sink.transact([target.record(2, 'a', '2')], move(token(1), at(1), at(2)), running());
      await expect(sink.transact([target.record(1, 'a', '1')], once, running())).rejects.toEqual(code('PIO_FENCED'));
      expect(await target.contents()).toEqual({ a: '2' });
    });

    test('refuses a frontier that differs from the stored one in any part', async () => {
      await sink.fence(topic, token(1), at(5), running());
      const parts: Partial<Frontier>[] = [{ ledgerId: 8 }, { entryId: 4 }, { batchIndex: 0 }, { version: 4 }];
      for (const part of parts) {
        const wrong = move(token(1), { ...at(5), ...part }, at(6));
        await expect(sink.transact([target.record(6, 'a', '6')], wrong, running())).rejects.toEqual(code('PIO_FENCED'));
      }
      expect(await target.contents()).toEqual({});
    });

    test('refuses to write for a topic that was never fenced', async () => {
      const unfenced = move(token(1), FRONTIER_START, at(1));
      await expect(sink.transact([target.record(1, 'a', '1')], unfenced, running())).rejects.toEqual(
        code('PIO_FENCED'),
      );
      expect(await target.contents()).toEqual({});
    });

    test('rolls everything back when records are refused, says which, and can go on without them', async () => {
      await sink.fence(topic, token(1), FRONTIER_START, running());
      const good = [target.record(1, 'a', '1'), target.record(3, 'c', '3')] as const;
      const records = [good[0], target.poison(2), good[1], target.poison(4)];
      const results = await sink.transact(records, move(token(1), FRONTIER_START, at(4)), running());
      expect(results?.map((result) => result?.ok)).toEqual([undefined, false, undefined, false]);
      expect(errorOf(results?.[1])).toEqual(expect.objectContaining({ disposition: 'reject' }));
      expect(await target.contents()).toEqual({});
      expect(await sink.transact(good, move(token(1), FRONTIER_START, at(4)), running())).toBeUndefined();
      expect(await target.contents()).toEqual({ a: '1', c: '3' });
    });

    test('keeps the frontiers of topics apart', async () => {
      await sink.fence(topic, token(1), FRONTIER_START, running());
      const other = `${topic}-partition-1`;
      expect(await sink.fence(other, token(1), at(3), running())).toEqual({ token: token(1), frontier: at(3) });
      await sink.transact([target.record(1, 'a', '1')], move(token(1), FRONTIER_START, at(1)), running());
      expect((await sink.fence(other, token(2), FRONTIER_START, running())).frontier).toEqual(at(3));
    });

    test('throws PIO_ABORTED and changes nothing when the run has ended', async () => {
      await sink.fence(topic, token(1), FRONTIER_START, running());
      const aborted = sink.transact(
        [target.record(1, 'a', '1')],
        move(token(1), FRONTIER_START, at(1)),
        AbortSignal.abort(),
      );
      await expect(aborted).rejects.toEqual(code('PIO_ABORTED'));
      await expect(sink.fence(topic, token(2), at(8), AbortSignal.abort())).rejects.toEqual(code('PIO_ABORTED'));
      expect((await sink.fence(topic, token(2), at(8), running())).frontier).toEqual(FRONTIER_START);
      expect(await target.contents()).toEqual({});
    });

    test('lets exactly one of two runs with the same expectations commit (rule 16)', async () => {
      await sink.fence(topic, token(1), FRONTIER_START, running());
      const twin = await open();
      const results = await Promise.allSettled(
        [sink, twin].map((it, n) =>
          it.transact([target.record(1, `k${n}`, '1')], move(token(1), FRONTIER_START, at(1)), running()),
        ),
      );
      await twin.close();
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(Object.keys(await target.contents())).toHaveLength(1);
    });
  });
};
