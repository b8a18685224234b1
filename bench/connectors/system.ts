import type { Guarantee } from '../../src/core/guarantee.ts';
import type { SinkRecord } from '../../src/core/record.ts';
import type { Target } from '../../test/e2e/target.ts';

/** Records in the batches that they are written by. */
export type Batches = readonly (readonly SinkRecord[])[];

/** Opens, and writes; the answer writes one after the other and ends. */
export type Writer = (target: Target, batches: Batches) => Promise<() => Promise<void>>;

/** How a system is written to. */
export interface SinkSide {
  readonly records: number;
  target(): Promise<Target>;
  /** As its client does it best in bulk, without what a guarantee needs. */
  readonly raw: Writer;
  /** Configurations of our sink, by what the figures call them. */
  readonly modes: Readonly<Record<string, object>>;
  /** Those that it holds and that differ; ATLEAST_ONCE and EFFECTIVELY_ONCE when absent. */
  readonly guarantees?: readonly Guarantee[];
}

/** A system filled with records, for one reading. */
export interface Filled {
  /** Configuration of our source. */
  readonly configs: Readonly<Record<string, unknown>>;
  /** Opens; the answer reads all as its client does it best in bulk, and tells how many they were. */
  raw(): Promise<() => Promise<number>>;
  dispose?(): Promise<void>;
}

/** How a system is read. */
export interface SourceSide {
  readonly sourceType: string;
  readonly records: number;
  fill(records: number): Promise<Filled>;
}

/** What one measurement found. */
export interface Measured {
  readonly perSecond: number;
  /** Processor time of this process, in microseconds a record: other programs change it least. */
  readonly cpuMicros: number;
}

/** Measures work on so many records. */
export const timed = async (records: number, work: () => Promise<unknown>): Promise<Measured> => {
  const before = process.cpuUsage();
  const startMs = performance.now();
  await work();
  const tookMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(before);
  return { perSecond: records / (tookMs / 1_000), cpuMicros: (user + system) / records };
};

/** Measurements by what the figures call them. */
export type Measures = readonly (readonly [string, () => Promise<Measured>])[];

/** A server that is measured. */
export interface System extends AsyncDisposable {
  readonly sink?: SinkSide;
  readonly source?: SourceSide;
}

/** A record as the fields of a row. */
export interface Row {
  readonly id: string;
  readonly n: number;
  readonly text: string;
}

/** Record `n` of every measurement: 250 bytes as JSON. */
export const rowOf = (n: number): Row => ({ id: `r-${n}`, n, text: `${n} ${'x'.repeat(200)}` });

/** The rows of a batch. */
export const rowsOf = (batch: readonly { readonly value: unknown }[]): Row[] => batch.map(({ value }) => value as Row);

/** `count` rows, so many at a time. */
export const pagesOf = (count: number, size: number): Row[][] =>
  Array.from({ length: Math.ceil(count / size) }, (_, page) =>
    Array.from({ length: Math.min(size, count - page * size) }, (_, n) => rowOf(page * size + n)),
  );

/** Ends the system with its server. */
export const stop = (server: { stop(): Promise<void> }): AsyncDisposable => ({
  [Symbol.asyncDispose]: () => server.stop(),
});
