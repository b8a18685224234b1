import { Type } from '@sinclair/typebox';
import { defineLogSource, type LogSourceType } from '../../../src/core/connector-type.ts';
import { GUARANTEES } from '../../../src/core/guarantee.ts';
import type { Position } from '../../../src/core/position.ts';
import type { SourceRecord } from '../../../src/core/record.ts';

/** A source system that a test owns: records per source partition. */
export class ListSystem {
  readonly partitions = new Map<string, SourceRecord[]>();
  pageRecords = 100;
  /** undefined: the source is finite. */
  pollIntervalMs: number | undefined;
  /** Where partitions begin of which nothing was read; undefined: at their start. */
  begin: ((partition: string) => Position | undefined) | undefined;
  /** The sequence from which on records are kept; those before have expired. */
  keptFrom = 0;
  /** Called before each page. */
  onPage: (signal: AbortSignal) => Promise<void> = async () => undefined;

  /** Adds records; each is its value, or a value with more. */
  add(partition: string, ...values: readonly (string | Omit<SourceRecord, 'sequence' | 'position'>)[]): void {
    const records = this.partitions.get(partition) ?? [];
    this.partitions.set(partition, records);
    for (const value of values) {
      const sequence = records.length;
      const record = typeof value === 'string' ? { value } : value;
      records.push({ ...record, sequence, position: { next: sequence + 1 } });
    }
  }

  async *#read(partition: string, from: Position | undefined, signal: AbortSignal): AsyncGenerator<SourceRecord[]> {
    for (let next = Math.max((from?.next as number | undefined) ?? 0, this.keptFrom); ; ) {
      await this.onPage(signal);
      const page = (this.partitions.get(partition) ?? []).slice(next, next + this.pageRecords);
      const [first, ...others] = page;
      if (!first) return;
      yield first.sequence === this.keptFrom && next > 0 ? [{ ...first, mayFollowGap: true }, ...others] : page;
      next += page.length;
    }
  }

  /** The system as a source type named `list`. */
  get type(): LogSourceType {
    return defineLogSource({
      name: 'list',
      summary: 'Reads what a test lists',
      className: 'ListSource',
      guarantees: GUARANTEES,
      config: Type.Object({}),
      position: Type.Object({ next: Type.Integer() }),
      pollIntervalMs: () => this.pollIntervalMs,
      open: async () => ({
        partitions: async () => [...this.partitions.keys()],
        begin: async (partition) => this.begin?.(partition),
        read: (partition, from, signal) => this.#read(partition, from, signal),
        close: async () => undefined,
      }),
    });
  }
}
