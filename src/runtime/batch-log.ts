import type { BatchTask, OpenBatchSource, OpenLogSource, SettledUpTo, TaskRecord } from '../core/connector-type.ts';
import type { Position } from '../core/position.ts';
import type { SourceRecord } from '../core/record.ts';
import { INBOX_PARTITION } from '../core/source-runs.ts';
import type { InboxLog } from './inbox-log.ts';

/** Where a batch source stands: in which task, after which of its records, and how many records all tasks had up to there. */
interface BatchPosition {
  readonly task: number;
  readonly within: Position;
  readonly sequence: number;
}

/** A task that was read to its end, and the sequence of the last record up to there. */
interface Ended {
  readonly task: number;
  readonly sequence: number;
}

/**
 * The records of an inbox's tasks as one log: task after task in the order of the manifest, counted through. A task is always read in the same order, so a record's
 * count is the same in every run: EFFECTIVELY_ONCE rests on that. A task leaves the inbox when all of it is settled.
 */
export class BatchLog implements OpenLogSource {
  readonly #tasks: InboxLog;
  readonly #source: OpenBatchSource;
  #ended: Ended[] = [];
  #committed = -1;

  constructor(tasks: InboxLog, source: OpenBatchSource) {
    this.#tasks = tasks;
    this.#source = source;
  }

  async partitions(): Promise<readonly string[]> {
    return [INBOX_PARTITION];
  }

  async *read(
    partition: string,
    from: Position | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<readonly SourceRecord[], void, void> {
    const begun = from as BatchPosition | undefined;
    let sequence = begun?.sequence ?? -1;
    this.#ended = [];
    this.#committed = sequence;
    // The task of the position itself may have more.
    const before = begun === undefined ? undefined : { sequence: begun.task - 1 };
    for await (const page of this.#tasks.read(partition, before, signal)) {
      for (const { value, sequence: task } of page) {
        const within = begun?.task === task ? begun.within : undefined;
        for await (const records of this.#source.read(taskOf(value), within, signal)) {
          const first = sequence + 1;
          sequence += records.length;
          yield records.map((record, index) => counted(record, task, first + index));
        }
        this.#ended.push({ task, sequence });
        await this.#forget(signal);
      }
    }
  }

  async committed(_partition: string, { sequence }: Pick<SettledUpTo, 'sequence'>, signal: AbortSignal): Promise<void> {
    this.#committed = sequence;
    await this.#forget(signal);
  }

  async close(): Promise<void> {}

  /** Takes from the inbox the tasks that ended, and of which every record is settled. */
  async #forget(signal: AbortSignal): Promise<void> {
    const done = this.#ended.filter(({ sequence }) => sequence <= this.#committed);
    const last = done.at(-1);
    if (!last) return;
    this.#ended = this.#ended.slice(done.length);
    await this.#tasks.committed(INBOX_PARTITION, { sequence: last.task }, signal);
  }
}

const taskOf = (value: unknown): BatchTask['task'] => JSON.parse(Buffer.from(value as Uint8Array).toString('utf8'));

const counted = (record: TaskRecord, task: number, sequence: number): SourceRecord => {
  const position: BatchPosition = { task, within: record.position, sequence };
  return { ...record, sequence, position: { ...position } };
};
