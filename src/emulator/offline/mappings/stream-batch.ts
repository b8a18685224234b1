import { failuresOf } from './answer.ts';
import type { Polling } from './mapping.ts';
import type { StreamRecord } from './stream-api.ts';
import { pause } from './until-aborted.ts';

/** Between attempts at what failed. */
const RETRY_MS = 500;

/**
 * Calls the function until every record of the batch is through, or given up, or the mapping is no more. What is behind a failed record waits: the shard's position goes up to
 * the first failure that the answer names, and the rest is tried again. `BisectBatchOnFunctionError` halves what failed as a whole, which is no attempt; after
 * `MaximumRetryAttempts` it is passed by (AWS: "Using Lambda with Kinesis", error handling).
 */
export const deliverBatch = async (
  polling: Polling,
  shard: string,
  records: readonly StreamRecord[],
): Promise<void> => {
  const { mapping, signal, note } = polling;
  const { BisectBatchOnFunctionError: mayBisect = false, MaximumRetryAttempts = -1 } = mapping;
  const maxRetries = MaximumRetryAttempts < 0 ? Number.POSITIVE_INFINITY : MaximumRetryAttempts;
  let [rest, size, retries] = [records, records.length, 0];
  while (rest.length > 0 && !signal.aborted) {
    const batch = rest.slice(0, size);
    const through = await countThrough(polling, batch);
    if (through === 0 && mayBisect && batch.length > 1) size = Math.ceil(batch.length / 2);
    else if (through === 0 && retries < maxRetries) retries += 1;
    else {
      const passed = through === 0 ? batch.length : through;
      moveBehind(polling, shard, rest[passed - 1]);
      rest = rest.slice(passed);
      [size, retries] = [rest.length, 0];
    }
    if (through === batch.length) note('OK');
    else await pause(RETRY_MS, signal);
  }
};

/** How many records, from the first on, are through. */
const countThrough = async ({ mapping, invoke, note }: Polling, batch: readonly StreamRecord[]): Promise<number> => {
  const ids = batch.map(({ sequenceNumber }) => sequenceNumber);
  try {
    const answer = await invoke({ Records: batch.map(({ event }) => event) });
    if (!mapping.FunctionResponseTypes?.includes('ReportBatchItemFailures')) return batch.length;
    const failures = failuresOf(answer, new Set(ids));
    if (failures === 'all') throw new Error('the function answered with an item that is not of the batch');
    const first = ids.findIndex((id) => failures.includes(id));
    if (first < 0) return batch.length;
    note(`PROBLEM: the function answered that record ${ids[first]} failed`);
    return first;
  } catch (error) {
    note(`PROBLEM: ${(error as Error).message}`);
    return 0;
  }
};

const moveBehind = ({ positions, save }: Polling, shard: string, record: StreamRecord | undefined): void => {
  if (!record) return;
  positions[shard] = record.sequenceNumber;
  save();
};
