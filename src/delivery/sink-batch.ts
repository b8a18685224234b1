import type { ExactlyRoute } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import { type Frontier, isSettled, WHOLE_ENTRY } from '../core/frontier.ts';
import { compareMessageIds } from '../core/message-id.ts';
import type { MessagingConsumer } from '../core/messaging.ts';
import type { SinkRecord } from '../core/record.ts';
import type { RunCounters } from '../core/run-counters.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { FrontierHolder } from './frontier-holder.ts';
import type { LetterBook } from './letter-book.ts';

/** What became of one record of a sink batch. `handed-back`: the broker delivers it again; `filtered`: a transformation wants nothing written of it. */
export type SinkOutcome = 'written' | 'dead-lettered' | 'dropped' | 'handed-back' | 'filtered';

/** One record of a batch on its way through the sink pipeline. */
export interface SinkItem {
  /** As it was delivered: what a dead letter carries, and what order and acknowledgements go by. */
  readonly record: SinkRecord;
  /** As the target takes it: decoded and transformed; set by `shape`. */
  shaped?: SinkRecord;
  /** Why the last pass could not settle it; cleared when the next pass is to try again. */
  error?: PulsarIoError;
  /** The last failure there was, for the instance's status. */
  lastError?: PulsarIoError;
  /** Of a dead letter that is sent back: what the target is to take it for. */
  readonly original?: Pick<
    SinkRecord,
    'topic' | 'messageId' | 'version' | 'publishTimeMs' | 'properties' | 'schemaVersion' | 'isKeyBase64'
  >;
  /** Failed writes so far, those of earlier runs and deliveries included. */
  attempts: number;
  outcome?: SinkOutcome;
}

/** Order that must hold among the records of a batch and those after it: a failed record then holds back what follows. */
export type OrderKept = 'none' | 'key' | 'topic';

/** The event of the sink pipeline: records of one topic-partition, in log order; consecutive ones where `order` is `topic`. */
export interface SinkBatch {
  readonly topic: string;
  readonly records: readonly SinkItem[];
  readonly order: OrderKept;
  readonly consumer: Pick<MessagingConsumer, 'ackCumulative' | 'ackIndividual'>;
  /** True: these are dead letters, which were counted when they came from the input. */
  readonly isRedrive?: boolean;
  /** Our own frontier; absent under ATLEAST_ONCE, whose progress is the acknowledgement. */
  readonly frontier: FrontierHolder | undefined;
  /** Set by the guarantee: the target is to store the frontier in the transaction of the write. */
  commitsInTarget?: boolean;
  /** What makes a repeated write harmless at the target, if anything does. */
  readonly route?: ExactlyRoute | undefined;
  /** Set by the guarantee: the target is given one record after the other, and none behind one of its {@link laneOf lane} that is not through, as nothing would put that in its place again. */
  writesInTurn?: boolean;
  /** Set by the guarantee: nothing may be handed to the target a second time, also not to find out which record is to blame. */
  writesOnce?: boolean;
  readonly deadLetters: DeadLetters | undefined;
  /** Which records are dead letters already; absent where nothing rests on that. */
  readonly book?: LetterBook | undefined;
  /** Failed writes of a record before it is dead-lettered; undefined: retried for ever. */
  readonly maxRetries: number | undefined;
  readonly counters: RunCounters;
  readonly signal: AbortSignal;
}

/** What a record is in order with: those of its key, or all. */
export const laneOf = ({ order }: SinkBatch, { record }: SinkItem): string | undefined =>
  order === 'key' ? record.key : undefined;

/** A record as it came from the input, also of a dead letter that is sent back. */
export const inputRecord = ({ record, original }: SinkItem): SinkRecord =>
  original ? { ...record, ...original } : record;

/** A record as the target takes it. */
export const targetRecord = (item: SinkItem): SinkRecord => item.shaped ?? inputRecord(item);

/** Items that nothing has become of yet. */
export const pending = (batch: SinkBatch): SinkItem[] => batch.records.filter((item) => item.outcome === undefined);

/** True when the record's effect is durable or it was moved aside or given up: it need not be delivered again. */
export const isSettledItem = ({ outcome }: SinkItem): boolean => outcome !== undefined && outcome !== 'handed-back';

/** How many records at the start of the batch are settled, contiguously. */
export const settledPrefix = (batch: SinkBatch): number => {
  const first = batch.records.findIndex((item) => !isSettledItem(item));
  return first < 0 ? batch.records.length : first;
};

/** The frontier behind the first `count` records. */
export const frontierBehind = (batch: SinkBatch, count: number): Frontier => {
  const { messageId, version } = (batch.records[count - 1] as SinkItem).record;
  const { ledgerId, entryId, batchIndex, batchSize } = messageId;
  const isWhole = batchIndex < 0 || (batchSize !== undefined && batchIndex === batchSize - 1);
  return { ledgerId, entryId, batchIndex: isWhole ? WHOLE_ENTRY : batchIndex, version };
};

/** Moves our own stored frontier behind the first `count` records, unless it is there; throws `PIO_FENCED` when a newer run took over. */
export const moveFrontier = async (batch: SinkBatch, count: number): Promise<void> => {
  if (!batch.frontier)
    throw new PulsarIoError('PIO_INTERNAL', `no frontier is held for ${batch.topic}`, { disposition: 'fatal' });
  if (count === 0) return;
  const to = frontierBehind(batch, count);
  if (compareMessageIds(to, batch.frontier.current) > 0) await batch.frontier.move(to, batch.signal);
};

/** Gives up what was not written: ATMOST_ONCE never tries twice. When the frontier itself could not be moved, the batch is read again. */
export const dropFailed = (batch: SinkBatch): void => {
  for (const item of pending(batch)) {
    if (batch.frontier && isSettled(item.record.messageId, batch.frontier.current)) item.outcome = 'dropped';
  }
};

/** True when the first record that is left stays where it is, and all behind it. */
export const endsInPlace = (batch: SinkBatch): boolean => {
  const [first] = pending(batch);
  return first?.error !== undefined && batch.book?.staysInPlace?.(first) === true;
};

/** True when nothing of the batch is left to do: every record has its outcome, and our own frontier, where there is one, is behind the last. */
export const isDone = (batch: SinkBatch): boolean => {
  if (batch.records.some((item) => item.outcome === undefined)) return false;
  const last = (batch.records[batch.records.length - 1] as SinkItem).record.messageId;
  return !batch.frontier || isSettled(last, batch.frontier.current);
};
