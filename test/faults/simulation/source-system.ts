import { Type } from '@sinclair/typebox';
import { defineLogSource, type LogSourceType } from '../../../src/core/connector-type.ts';
import { PulsarIoError } from '../../../src/core/errors.ts';
import { GUARANTEES } from '../../../src/core/guarantee.ts';
import type { Position } from '../../../src/core/position.ts';
import type { SourceRecord } from '../../../src/core/record.ts';
import type { Process } from './process.ts';

/** One object for all processes: what is compiled of it is compiled once. */
const CONFIG = Type.Object({});
const POSITION = Type.Object({ next: Type.Integer() });

const PAGE_RECORDS = 8;
const POLL_MS = 700;

/** A system that is re-readable in the same order: partitions of records, which grow. The source type `log` reads it. */
export class SourceSystem {
  readonly partitions = new Map<string, SourceRecord[]>();

  /** Adds a record; its sequence follows from its place, with gaps. */
  add(partition: string, record: Omit<SourceRecord, 'sequence' | 'position'>): void {
    const records = this.partitions.get(partition) ?? [];
    this.partitions.set(partition, records);
    records.push({ ...record, sequence: 2 * records.length, position: { next: records.length + 1 } });
  }

  /** The source type as a process opens it. */
  typeFor(process: Process): LogSourceType {
    const ask = <T>(port: string, signal: AbortSignal, effect: () => T): Promise<T> =>
      process.request({ port: `source.${port}`, signal, effect, failure: unavailable });
    return defineLogSource({
      name: 'log',
      summary: 'Reads what a simulation writes',
      className: 'SimulatedLogSource',
      guarantees: GUARANTEES,
      config: CONFIG,
      position: POSITION,
      pollIntervalMs: () => POLL_MS,
      open: async () => ({
        partitions: (signal) => ask('partitions', signal, () => [...this.partitions.keys()]),
        read: (partition, from, signal) => this.#read(partition, from, (page) => ask('read', signal, page)),
        close: async () => undefined,
      }),
    });
  }

  async *#read(
    partition: string,
    from: Position | undefined,
    ask: (page: () => SourceRecord[]) => Promise<SourceRecord[]>,
  ): AsyncGenerator<SourceRecord[]> {
    for (let next = (from?.next as number | undefined) ?? 0; ; ) {
      const start = next;
      const page = await ask(() => (this.partitions.get(partition) ?? []).slice(start, start + PAGE_RECORDS));
      if (page.length === 0) return;
      yield page;
      next += page.length;
    }
  }
}

const unavailable = (): Error => new PulsarIoError('PIO_SOURCE_UNAVAILABLE', 'the simulated system does not answer');
