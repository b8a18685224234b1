import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { OpenSink } from '../../src/core/connector-type.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { RecordResult, SinkRecord } from '../../src/core/record.ts';
import type { SinkHarness } from './sink.ts';
import { casesOf, type ValueCases } from './value-kinds.ts';

const running = (): AbortSignal => new AbortController().signal;

/** What a sink's suite gives {@link sinkValuesContract}: a target that has a place for a value of each kind. */
export interface SinkValuesHarness {
  open(): Promise<OpenSink>;
  /** A record that puts `value` where the target keeps values of this kind. */
  record(n: number, kind: string, value: unknown): SinkRecord;
  /** What a reader of the target finds there. */
  read(kind: string): Promise<unknown>;
  dispose(): Promise<void>;
}

/** What becomes of values that are hard to carry: exactly what the suite says, and never a neighbour of it. */
export const sinkValuesContract = (name: string, make: () => Promise<SinkValuesHarness>, cases: ValueCases): void => {
  test.each(casesOf(cases))(`${name} as a sink keeps a value of the kind: %s`, async (kind, { given, expected }) => {
    const target = await make();
    const sink = await target.open();
    try {
      expect(await sink.write([target.record(1, kind, given)], running())).toEqual([{ ok: true }]);
      expect(await target.read(kind)).toEqual(expected);
    } finally {
      await sink.close();
      await target.dispose();
    }
  });
};

/** A harness whose target can be made to go away. */
export interface SinkOutageHarness extends SinkHarness {
  /** Takes the target away from all sessions, new ones too; the answer brings it back. */
  outage(): Promise<() => Promise<void>>;
}

/** Every failure of a write: of its records, or of the whole. */
const failuresOf = async (sink: OpenSink, records: readonly SinkRecord[]): Promise<unknown[]> => {
  const results = await sink
    .write(records, running())
    .catch((error: unknown) => [{ ok: false, error } as RecordResult]);
  return results.flatMap((result) => (result.ok ? [] : [result.error]));
};

const expectRetry = (failures: readonly unknown[]): void => {
  expect(failures.length).toBeGreaterThan(0);
  for (const failure of failures) {
    expect(failure).toBeInstanceOf(PulsarIoError);
    expect(failure).toMatchObject({ disposition: 'retry' });
    for (let cause = failure; cause instanceof Error; cause = cause.cause)
      expect(cause.message).not.toContain('sekrit');
  }
};

/** What a sink does while its target is away, and after. */
export const sinkOutageContract = (name: string, make: () => Promise<SinkOutageHarness>): void => {
  describe(`${name} as a sink whose target goes away`, () => {
    let target: SinkOutageHarness;
    let sink: OpenSink;
    beforeEach(async () => {
      target = await make();
      sink = await target.open();
    });
    afterEach(async () => {
      await sink.close();
      await target.dispose();
    });

    test('fails with retry, tells nothing of the payload, and a new session goes on', async () => {
      await sink.write([target.record(1, 'a', '1')], running());
      const restore = await target.outage();
      expectRetry(await failuresOf(sink, [target.record(2, 'b', 'sekrit'), target.record(3, 'c', 'sekrit')]));
      await restore();
      const successor = await target.open();
      await successor.write([target.record(2, 'b', '2'), target.record(3, 'c', '3')], running());
      await successor.close();
      expect(await target.contents()).toEqual({ a: '1', b: '2', c: '3' });
    });

    test('opens with a failure to retry, and can be closed meanwhile', async () => {
      const restore = await target.outage();
      expectRetry([await target.open().catch((error: unknown) => error)]);
      await sink.close();
      await restore();
    });
  });
};

/** A harness whose target has a definition that an operator may change: a table, an index. */
export interface SinkSchemaHarness {
  open(): Promise<OpenSink>;
  /** A record with the fields `k`, `v`, and `added` if it is given. */
  record(n: number, key: string, text: string, added?: string): SinkRecord;
  /** Adds a place for the field `added`. */
  widen(): Promise<void>;
  /** Renames the table, or whatever records go to, away; the answer renames it back. */
  remove(): Promise<() => Promise<void>>;
  /** `v` and `added` of the key, undefined when it is not there. */
  row(key: string): Promise<{ readonly v: string; readonly added?: string | null } | undefined>;
  dispose(): Promise<void>;
}

/** What a sink does when the definition of its target changes under it. */
export const sinkSchemaContract = (name: string, make: () => Promise<SinkSchemaHarness>): void => {
  describe(`${name} as a sink whose target is defined anew`, () => {
    let target: SinkSchemaHarness;
    let sink: OpenSink;
    beforeEach(async () => {
      target = await make();
      sink = await target.open();
    });
    afterEach(async () => {
      await sink.close();
      await target.dispose();
    });

    test('goes on when a column is added, and fills it from the next session on', async () => {
      await sink.write([target.record(1, 'a', '1')], running());
      await target.widen();
      expect(await sink.write([target.record(2, 'b', '2')], running())).toEqual([{ ok: true }]);
      const successor = await target.open();
      expect(await successor.write([target.record(3, 'c', '3', 'new')], running())).toEqual([{ ok: true }]);
      await successor.close();
      expect((await target.row('a'))?.v).toBe('1');
      expect((await target.row('b'))?.v).toBe('2');
      expect(await target.row('c')).toMatchObject({ v: '3', added: 'new' });
    });

    test('rejects no record when what it writes to is gone, and writes when it is back', async () => {
      await sink.write([target.record(1, 'a', '1')], running());
      const restore = await target.remove();
      expectRetry(await failuresOf(sink, [target.record(2, 'b', 'sekrit')]));
      await restore();
      const successor = await target.open();
      expect(await successor.write([target.record(2, 'b', '2')], running())).toEqual([{ ok: true }]);
      await successor.close();
      expect((await target.row('b'))?.v).toBe('2');
    });
  });
};
