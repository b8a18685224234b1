import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Value } from '@sinclair/typebox/value';
import type { LogSourceType, OpenLogSource } from '../../src/core/connector-type.ts';
import { isSequence, type Position } from '../../src/core/position.ts';
import type { SourceRecord } from '../../src/core/record.ts';

/** What a log source's suite gives the contract: one source system of its own per test. */
export interface SourceHarness {
  readonly type: LogSourceType;
  /** A session of the connector; every call opens another one. */
  open(): Promise<OpenLogSource>;
  /** A partition, and what it holds in order: the texts that {@link textOf} gives. */
  readonly partition: string;
  readonly texts: readonly string[];
  /** Adds records to the partition and returns their texts; absent: the source cannot grow. */
  grow?(): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

const running = (): AbortSignal => new AbortController().signal;

/** A record's value as text, for comparison. */
export const textOf = ({ value }: SourceRecord): string =>
  Buffer.isBuffer(value) ? value.toString('utf8') : typeof value === 'string' ? value : JSON.stringify(value);

/** All records after `from`. */
export const readAll = async (
  source: OpenLogSource,
  partition: string,
  from?: Position,
  signal = running(),
): Promise<SourceRecord[]> => {
  const records: SourceRecord[] = [];
  for await (const page of source.read(partition, from, signal)) records.push(...page);
  return records;
};

/** What must be the same of a record in every run. */
const essence = (record: SourceRecord) => ({
  text: textOf(record),
  key: record.key,
  sequence: record.sequence,
  position: record.position,
});

const stored = (position: Position): Position => JSON.parse(JSON.stringify(position));

/** The laws of every log source; `make` gives a fresh source system that holds at least three records and some dozens at most: it is read once per record. */
export const sourceContract = (name: string, make: () => Promise<SourceHarness>): void => {
  describe(`${name} as a log source`, () => {
    let system: SourceHarness;
    let source: OpenLogSource;
    beforeEach(async () => {
      system = await make();
      source = await system.open();
    });
    afterEach(async () => {
      await source.close();
      await system.dispose();
    });

    test('lists its partitions by the same names every time', async () => {
      const names = await source.partitions(running());
      expect(names).toContain(system.partition);
      expect(new Set(names).size).toBe(names.length);
      expect(await (await system.open()).partitions(running())).toEqual(names);
    });

    test('reads everything in order and then ends', async () => {
      expect((await readAll(source, system.partition)).map(textOf)).toEqual(system.texts);
    });

    test('gives pages that are neither empty nor too large', async () => {
      for await (const page of source.read(system.partition, undefined, running())) {
        expect(page.length).toBeGreaterThan(0);
        expect(page.length).toBeLessThanOrEqual(5_000);
      }
    });

    test('gives strictly increasing sequences that may be sequence ids', async () => {
      const sequences = (await readAll(source, system.partition)).map(({ sequence }) => sequence);
      expect(sequences.every(isSequence)).toBe(true);
      expect(sequences.every((sequence, index) => index === 0 || sequence > (sequences[index - 1] as number))).toBe(
        true,
      );
    });

    test('gives the same records, sequences and positions when it is read again', async () => {
      const first = (await readAll(source, system.partition)).map(essence);
      const again = await system.open();
      expect((await readAll(again, system.partition)).map(essence)).toEqual(first);
      await again.close();
    });

    test('gives positions that its type declares and that survive storage', async () => {
      for (const { position } of await readAll(source, system.partition)) {
        expect([...Value.Errors(system.type.position, position)]).toEqual([]);
        expect(stored(position)).toEqual(position);
      }
    });

    test('resumes after every record without gap or repeat', async () => {
      const all = await readAll(source, system.partition);
      for (const [index, { position }] of all.entries()) {
        const rest = await readAll(source, system.partition, stored(position));
        expect(rest.map(essence)).toEqual(all.slice(index + 1).map(essence));
      }
    });

    test('goes on after the last position when there is more, with the sequences of a run that reads it all at once', async () => {
      if (!system.grow) return;
      const before = await readAll(source, system.partition);
      const end = before.at(-1)?.position as Position;
      expect(await readAll(source, system.partition, stored(end))).toEqual([]);
      const added = await system.grow();
      const more = await readAll(source, system.partition, stored(end));
      expect(more.map(textOf)).toEqual(added);
      expect((await readAll(source, system.partition)).map(essence)).toEqual([...before, ...more].map(essence));
    });

    test('throws PIO_ABORTED when the run has ended', async () => {
      const read = readAll(source, system.partition, undefined, AbortSignal.abort());
      await expect(read).rejects.toEqual(expect.objectContaining({ code: 'PIO_ABORTED' }));
    });

    test('stops between pages when the run ends, and frees what it holds when the reader leaves early', async () => {
      for await (const _page of source.read(system.partition, undefined, running())) break;
      const ending = new AbortController();
      const reading = source.read(system.partition, undefined, ending.signal)[Symbol.asyncIterator]();
      await reading.next();
      ending.abort();
      const next = await reading.next().catch((error: unknown) => error);
      expect(next).toEqual(expect.objectContaining(next instanceof Error ? { code: 'PIO_ABORTED' } : { done: true }));
    });

    test('gives two readers the same, also when one of them takes its time between pages', async () => {
      const slow: SourceRecord[] = [];
      const fast = readAll(source, system.partition);
      for await (const page of source.read(system.partition, undefined, running())) {
        slow.push(...page);
        await new Promise(setImmediate);
      }
      expect(slow.map(essence)).toEqual((await fast).map(essence));
      expect(slow.map(textOf)).toEqual(system.texts);
    });

    test('changes no position that it was given', async () => {
      const position = (await readAll(source, system.partition))[0]?.position as Position;
      const before = stored(position);
      await readAll(source, system.partition, Object.freeze(position));
      expect(position).toEqual(before);
    });

    test('can be closed twice', async () => {
      await source.close();
      await source.close();
    });
  });
};
