import { Type } from '@sinclair/typebox';
import {
  type BatchSourceType,
  type BatchTask,
  defineBatchSource,
  type OpenBatchSource,
  type TaskRecord,
} from '../../../src/core/connector-type.ts';
import { GUARANTEES } from '../../../src/core/guarantee.ts';
import type { Position } from '../../../src/core/position.ts';

/** A system that a test owns whose objects are found by discovery: each is a list of texts. */
export class MemoryBucket {
  readonly objects = new Map<string, readonly string[]>();
  pageRecords = 10;
  /** The times of every discovery, and of the one before it. */
  readonly discoveries: (readonly [number, number | undefined])[] = [];
  readonly reads: string[] = [];
  /** Called before each page of an object. */
  onPage: (name: string) => Promise<void> = async () => undefined;

  async *#discover(dueMs: number, sinceMs: number | undefined): AsyncGenerator<readonly BatchTask[]> {
    this.discoveries.push([dueMs, sinceMs]);
    for (const name of this.objects.keys()) yield [{ id: name, task: { name } }];
  }

  async *#read(name: string, from: Position | undefined): AsyncGenerator<readonly TaskRecord[]> {
    this.reads.push(name);
    const values = this.objects.get(name) ?? [];
    for (let next = (from?.next as number | undefined) ?? 0; next < values.length; next += this.pageRecords) {
      await this.onPage(name);
      yield values
        .slice(next, next + this.pageRecords)
        .map((value, index) => ({ value, position: { next: next + index + 1 } }));
    }
  }

  #open(): OpenBatchSource {
    return {
      discover: (dueMs, sinceMs) => this.#discover(dueMs, sinceMs),
      read: ({ name }, from) => this.#read(String(name), from),
      close: async () => undefined,
    };
  }

  /** The system as a source type named `bucket`; `configs.trigger` is the resource whose events bring tasks. */
  get type(): BatchSourceType {
    return defineBatchSource({
      name: 'bucket',
      summary: 'Reads what a test puts there',
      className: 'MemoryBucketSource',
      guarantees: GUARANTEES,
      config: Type.Object({ trigger: Type.Optional(Type.String()) }),
      rememberMs: 86_400_000,
      trigger: ({ trigger }) => (trigger === undefined ? undefined : { kind: 'notifications', arn: trigger }),
      tasksOf: (event) => (event as { tasks: readonly BatchTask[] }).tasks,
      open: async () => this.#open(),
    });
  }
}
