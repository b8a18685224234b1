import type { EventRecord } from '../core/connector-type.ts';
import type { PulsarIoError } from '../core/errors.ts';
import type { SourceRecord } from '../core/record.ts';
import type { RunCounters } from '../core/run-counters.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { OutputTopics, RoutedMessage } from './output-topic.ts';
import type { QueuePort } from './queue-port.ts';
import type { ProgressPort } from './source-checkpoint.ts';

/** What became of one record of a source batch. `filtered`: a transformation wants nothing published of it. Of a queue's: `left` in it, or `repeated`: it was through before. */
export type SourceOutcome = 'published' | 'dead-lettered' | 'dropped' | 'filtered' | 'left' | 'repeated';

/** One record of a batch on its way through the source pipeline. */
export interface SourceItem {
  readonly record: SourceRecord;
  /** Encoded form; set by `encode`. */
  message?: RoutedMessage;
  /** Why it cannot be published as it is; a record with an error and no outcome is not settled. */
  error?: PulsarIoError;
  outcome?: SourceOutcome;
}

/** The event of the source pipeline: consecutive records of one source partition. */
export interface SourceBatch {
  readonly sourcePartition: string;
  readonly items: readonly SourceItem[];
  readonly output: OutputTopics;
  readonly checkpoint: ProgressPort;
  readonly deadLetters: DeadLetters | undefined;
  /** Given when the records are a queue's messages. */
  readonly queue?: QueuePort;
  /** Set by the guarantee: nothing behind a record that can be neither published nor dead-lettered may be published before it. */
  stopsAtFailure?: boolean;
  readonly counters: RunCounters;
  readonly signal: AbortSignal;
}

/** Items that nothing has become of yet. */
export const unsettled = ({ items }: Pick<SourceBatch, 'items'>): SourceItem[] =>
  items.filter(({ outcome }) => outcome === undefined);

/** The last record of a batch: its position is the frontier once all of the batch is settled. */
export const lastRecord = (batch: SourceBatch): SourceRecord =>
  (batch.items[batch.items.length - 1] as SourceItem).record;

/** Items for the records of a log source. */
export const toItems = (records: readonly SourceRecord[]): SourceItem[] => records.map((record) => ({ record }));

/** Items for the records of an event, which have no position of their own: numbered from `firstSequence`. */
export const eventItems = (records: readonly EventRecord[], firstSequence: number): SourceItem[] =>
  records.map((record, index) => ({ record: { ...record, sequence: firstSequence + index, position: {} } }));
