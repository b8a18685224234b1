import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { OpenSink, TransactionalSink } from '../../src/core/connector-type.ts';
import { FRONTIER_START, type Frontier } from '../../src/core/frontier.ts';
import type { RecordResult, SinkRecord } from '../../src/core/record.ts';
import { codes } from '../kit/failures.ts';
import type { SinkHarness } from './sink.ts';

/** A target with a second place of the configured one's kind. */
export interface RoutedSinkHarness extends SinkHarness {
  /** Name of the configured place. */
  readonly home: string;
  /** Name of the other one. */
  readonly other: string;
  /** What a reader of the other sees: text by key. */
  otherContents(): Promise<Record<string, string>>;
  /** Takes the other away. */
  removeOther(): Promise<void>;
  /** Names that no record may give: of no place, of one that is not for records, and what is no name; with the word `sekrit` where that may be. */
  readonly refused: readonly string[];
}

const running = (): AbortSignal => new AbortController().signal;
const to = (destination: string, record: SinkRecord): SinkRecord => ({ ...record, destination });
const messages = (results: readonly (RecordResult | undefined)[]): string =>
  results.flatMap((it) => (it && !it.ok ? [it.error.message] : [])).join();

/** The laws of every sink whose records may name where they go; `make` gives a fresh target with both places. */
export const routedSinkContract = (name: string, make: () => Promise<RoutedSinkHarness>): void => {
  describe(`${name} as a sink whose records name where they go`, () => {
    let target: RoutedSinkHarness;
    let sink: OpenSink;
    beforeEach(async () => {
      target = await make();
      sink = await target.open();
    });
    afterEach(async () => {
      await sink.close();
      await target.dispose();
    });
    const mixed = (): SinkRecord[] => [
      target.record(1, 'a', 'home 1'),
      to(target.other, target.record(2, 'a', 'other 2')),
      to(target.home, target.record(3, 'a', 'home 3')),
      to(target.other, target.record(4, 'a', 'other 4')),
      target.record(5, 'b', 'home 5'),
      to(target.other, target.record(6, 'b', 'other 6')),
    ];
    const expectMixed = async (): Promise<void> => {
      expect(await target.contents()).toEqual({ a: 'home 3', b: 'home 5' });
      expect(await target.otherContents()).toEqual({ a: 'other 4', b: 'other 6' });
    };

    test('writes each record where it says, in the order of each place', async () => {
      expect(codes(await sink.write(mixed(), running()))).toEqual(mixed().map(() => 'ok'));
      await expectMixed();
    });

    test('rejects a record that names what is not for it, without the name, and writes the others', async () => {
      const wrong = target.refused.map((it, n) => to(it, target.record(10 + n, 'c', 'sekrit')));
      const results = await sink.write([...mixed(), ...wrong], running());
      expect(codes(results)).toEqual([...mixed().map(() => 'ok'), ...wrong.map(() => 'PIO_SINK_REJECTED')]);
      expect(messages(results)).toContain('the record');
      expect(messages(results)).not.toContain('sekrit');
      await expectMixed();
    });

    test('does not stop for a place that was there and is gone, and writes the others meanwhile', async () => {
      await sink.write(mixed(), running());
      await target.removeOther();
      const records = [target.record(7, 'c', 'home 7'), to(target.other, target.record(8, 'c', 'sekrit'))];
      const first = await sink.write(records, running()).catch((error: { disposition: string }) => error);
      const told = Array.isArray(first) ? first.flatMap((it) => (it.ok ? [] : [it.error])) : [first];
      for (const { disposition } of told as { disposition: string }[]) expect(disposition).not.toBe('fatal');
      const again = await target.open();
      expect(codes(await again.write(records, running()))).toEqual(['ok', 'PIO_SINK_REJECTED']);
      await again.close();
      expect(await target.contents()).toEqual({ a: 'home 3', b: 'home 5', c: 'home 7' });
    });

    test('says where it would write', async () => {
      expect(await sink.describe?.(to(target.other, target.record(1, 'a', 'x')), running())).toBeDefined();
      const [wrong = ''] = target.refused;
      await expect(
        (async () => sink.describe?.(to(wrong, target.record(1, 'a', 'x')), running()))(),
      ).rejects.toMatchObject({ code: 'PIO_SINK_REJECTED' });
    });

    test('moves one frontier with all places, or none of them', async () => {
      if (!('transact' in sink)) return;
      const transactional = sink as TransactionalSink;
      const [topic, token] = ['persistent://public/default/in', { generation: 1, epoch: 1 }];
      const at = (n: number): Frontier => ({ ledgerId: 7, entryId: n, batchIndex: -1, version: n });
      const move = { topic, token, from: FRONTIER_START, to: at(9) };
      await transactional.fence(topic, token, FRONTIER_START, running());
      const [wrong = ''] = target.refused;
      for (const bad of [to(wrong, target.record(8, 'c', 'x')), to(target.other, target.poison(8))]) {
        const results = await transactional.transact([...mixed(), bad], move, running());
        expect(results?.map((it) => it?.ok)).toEqual([...mixed().map(() => undefined), false]);
        expect([await target.contents(), await target.otherContents()]).toEqual([{}, {}]);
      }
      expect(await transactional.transact(mixed(), move, running())).toBeUndefined();
      await expectMixed();
      await expect(transactional.transact(mixed(), move, running())).rejects.toMatchObject({ code: 'PIO_FENCED' });
      const next = await transactional.fence(topic, { generation: 1, epoch: 2 }, FRONTIER_START, running());
      expect(next.frontier).toEqual(at(9));
    });
  });
};
