import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { OpenLogSource } from '../../src/core/connector-type.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { Position } from '../../src/core/position.ts';
import type { SourceRecord } from '../../src/core/record.ts';
import { readAll, type SourceHarness, textOf } from './source.ts';
import { casesOf, type ValueCases } from './value-kinds.ts';

const stored = (position: Position | undefined): Position => JSON.parse(JSON.stringify(position));

/** What a source's suite gives {@link sourceValuesContract}: an empty system that takes a value of each kind. */
export interface SourceValuesHarness {
  open(): Promise<OpenLogSource>;
  readonly partition: string;
  /** Adds one record that holds `value`. */
  put(kind: string, value: unknown): Promise<void>;
  /** What of the record is compared with the expectation. Absent: its text. */
  view?(record: SourceRecord, kind: string): unknown;
  dispose(): Promise<void>;
}

/** What becomes of values that are hard to carry on their way from the system. */
export const sourceValuesContract = (
  name: string,
  make: () => Promise<SourceValuesHarness>,
  cases: ValueCases,
): void => {
  test.each(casesOf(cases))(`${name} as a source gives a value of the kind: %s`, async (kind, { given, expected }) => {
    const system = await make();
    await system.put(kind, given);
    const source = await system.open();
    try {
      const records = await readAll(source, system.partition);
      expect(records.map((record) => system.view?.(record, kind) ?? textOf(record))).toEqual([expected]);
    } finally {
      await source.close();
      await system.dispose();
    }
  });
};

/** A harness whose system may hold what is no valid record. */
export interface SourcePoisonHarness extends SourceHarness {
  /** Adds something that is no valid record and holds the word `sekrit`, and then valid records; answers with their texts. */
  spoil(): Promise<readonly string[]>;
}

/** One thing that is no valid record: it has an error and a position, and the others are read. */
export const sourcePoisonContract = (name: string, make: () => Promise<SourcePoisonHarness>): void => {
  describe(`${name} as a source that holds a poison record`, () => {
    test('gives it an error that rejects it and does not quote it, in its place, and goes on behind it', async () => {
      const system = await make();
      const good = await system.spoil();
      const source = await system.open();
      const records = await readAll(source, system.partition);
      expect(records.filter(({ error }) => !error).map(textOf)).toEqual([...system.texts, ...good]);
      const at = records.findIndex(({ error }) => error);
      expect(at).toBe(system.texts.length);
      expect(records.filter(({ error }) => error)).toHaveLength(1);
      const poison = records[at];
      expect(poison?.error).toBeInstanceOf(PulsarIoError);
      expect(poison?.error).toMatchObject({ disposition: 'reject' });
      expect(poison?.error?.message).not.toContain('sekrit');
      expect(Buffer.isBuffer(poison?.value) || typeof poison?.value === 'string').toBe(true);
      const rest = await readAll(source, system.partition, stored(poison?.position));
      expect(rest.map(textOf)).toEqual(good);
      await source.close();
      await system.dispose();
    });
  });
};

/** A harness whose system can be made to go away, and grows. */
export interface SourceOutageHarness extends SourceHarness {
  /** Takes the system away from all sessions, new ones too; the answer brings it back. */
  outage(): Promise<() => Promise<void>>;
  grow(): Promise<readonly string[]>;
}

/** What a source does while its system is away, and after. */
export const sourceOutageContract = (name: string, make: () => Promise<SourceOutageHarness>): void => {
  describe(`${name} as a source whose system goes away`, () => {
    let system: SourceOutageHarness;
    let source: OpenLogSource;
    beforeEach(async () => {
      system = await make();
      source = await system.open();
    });
    afterEach(async () => {
      await source.close();
      await system.dispose();
    });

    test('fails with retry, and a new session goes on without gap or repeat', async () => {
      const end = (await readAll(source, system.partition)).at(-1)?.position;
      const restore = await system.outage();
      const failure = await readAll(source, system.partition, stored(end)).catch((error: unknown) => error);
      expect(failure).toMatchObject({ disposition: 'retry' });
      await restore();
      const added = await system.grow();
      const successor = await system.open();
      expect((await readAll(successor, system.partition, stored(end))).map(textOf)).toEqual(added);
      await successor.close();
    });

    test('does not take a system that is away for one that is empty', async () => {
      const restore = await system.outage();
      const read = async () => readAll(await system.open(), system.partition);
      expect(await read().catch((error: unknown) => error)).toMatchObject({ disposition: 'retry' });
      await restore();
    });
  });
};

/** A harness whose system has a definition that an operator may change: a table. */
export interface SourceSchemaHarness extends SourceHarness {
  /** Adds a column and one record that has it; answers with that record's text. */
  widen(): Promise<string>;
}

/** What a source does when the definition of its system changes. */
export const sourceSchemaContract = (name: string, make: () => Promise<SourceSchemaHarness>): void => {
  test(`${name} as a source goes on from every older position when its system is defined anew`, async () => {
    const system = await make();
    const source = await system.open();
    const before = await readAll(source, system.partition);
    const added = await system.widen();
    const successor = await system.open();
    for (const [index, { position }] of before.entries()) {
      const rest = await readAll(successor, system.partition, stored(position));
      expect(rest.map(({ sequence }) => sequence).slice(0, -1)).toEqual(
        before.slice(index + 1).map(({ sequence }) => sequence),
      );
      expect(rest.map(textOf).at(-1)).toBe(added);
    }
    await Promise.all([source.close(), successor.close()]);
    await system.dispose();
  });
};
