import type { fetchV12, KafkaRecord, RecordsBatch } from '@platformatic/kafka';

/** Bits of a batch's attributes (Kafka documentation, "Record Batch"). */
const LOG_APPEND_TIME = 1 << 3;
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;

/** A record with its place. */
export interface PlacedRecord {
  readonly offset: number;
  /** Epoch milliseconds; negative where the record has none. */
  readonly timestampMs: number;
  readonly record: KafkaRecord;
}

/** Whether the batch is a marker of a transaction's end, and no data. */
export const isControl = ({ attributes }: RecordsBatch): boolean => (attributes & CONTROL) !== 0;

/** Whether its producer wrote it in a transaction. */
export const isTransactional = ({ attributes }: RecordsBatch): boolean => (attributes & TRANSACTIONAL) !== 0;

/** Whether a marker commits; it aborts otherwise (Kafka documentation, "Control Batches": version, type). */
export const isCommitMarker = ({ records }: RecordsBatch): boolean => records[0]?.key?.readInt16BE(2) === 1;

/** Offset behind the last record of the batch; a batch that compaction thinned out keeps it. */
export const endOf = ({ firstOffset, lastOffsetDelta }: RecordsBatch): number =>
  Number(firstOffset) + lastOffsetDelta + 1;

/** Records of a batch from the offset `from` on. */
export const placed = (batch: RecordsBatch, from: number): PlacedRecord[] => {
  const { firstOffset, firstTimestamp, maxTimestamp, attributes, records } = batch;
  const first = Number(firstOffset);
  const isAppendTime = (attributes & LOG_APPEND_TIME) !== 0;
  return records
    .map((record) => ({
      offset: first + record.offsetDelta,
      timestampMs: Number(isAppendTime ? maxTimestamp : firstTimestamp + record.timestampDelta),
      record,
    }))
    .filter(({ offset }) => offset >= from);
};

/**
 * The batches whose records are committed, of what a fetch with isolation `read_committed` gave: the server ends at the first open transaction, and leaves it to
 * the client to drop what the transactions in `aborted` wrote.
 */
export function* committedBatches(
  batches: readonly RecordsBatch[],
  aborted: readonly fetchV12.FetchResponsePartitionAbortedTransaction[],
): Generator<RecordsBatch, void, void> {
  const waiting = aborted.toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  const isAborting = new Set<bigint>();
  for (const batch of batches) {
    const last = BigInt(endOf(batch)) - 1n;
    while (waiting[0] && waiting[0].firstOffset <= last)
      isAborting.add((waiting.shift() as (typeof waiting)[0]).producerId);
    if (isControl(batch)) isAborting.delete(batch.producerId);
    else if (!(isTransactional(batch) && isAborting.has(batch.producerId))) yield batch;
  }
}
