import { jsonBytes, PAYLOAD_LIMITS } from '../aws/limits.ts';
import { type Polling, SHARD_END } from './mapping.ts';
import type { StreamApi, StreamRecord } from './stream-api.ts';
import { deliverBatch } from './stream-batch.ts';
import { pause, untilAborted } from './until-aborted.ts';

/** How often Lambda looks at a shard, and we for new ones. */
const LOOK_MS = 1_000;
/** Streams tell times of arrival to the second, DynamoDB Local to the minute. */
const TELLS_MS = 60_000;
/** Room for what is around the records. */
const MOST_BYTES = PAYLOAD_LIMITS.request - 1_000;

/** Reads every shard behind its parents, and calls the function with its records in their order, as Lambda does for a stream. */
export const pollStream = async (polling: Polling, api: StreamApi): Promise<void> => {
  const begun = new Map<string, Promise<void>>();
  await untilAborted(polling, async () => {
    const shards = await api.shards();
    const listed = new Set(shards.map(({ id }) => id));
    const isDone = (id: string) => !listed.has(id) || polling.positions[id] === SHARD_END;
    for (const { id, parents } of shards)
      if (!begun.has(id) && !isDone(id) && parents.every(isDone))
        begun.set(
          id,
          untilAborted(polling, () => pollShard(polling, api, id)),
        );
    await pause(LOOK_MS, polling.signal);
    return undefined;
  });
  await Promise.all(begun.values());
  api.close();
};

/** From where the shard stands to its end, or to that of the mapping. */
const pollShard = async (polling: Polling, api: StreamApi, shard: string): Promise<'done'> => {
  const { positions, signal, mapping, save } = polling;
  let iterator = await api.iterator(shard, positions[shard]);
  while (iterator !== undefined && !signal.aborted) {
    const { records, next } = await collect(polling, api, shard, iterator);
    for (const batch of batchesOf(records, mapping.BatchSize))
      if (!signal.aborted) await deliverBatch(polling, shard, batch);
    iterator = next;
    if (records.length === 0 && next !== undefined) await pause(LOOK_MS, signal);
  }
  if (signal.aborted) return 'done';
  positions[shard] = SHARD_END;
  save();
  return 'done';
};

/** Records of a page, or of all pages within the batching window. */
const collect = async (
  { mapping, createdMs, signal }: Polling,
  api: StreamApi,
  shard: string,
  iterator: string,
): Promise<{ records: readonly StreamRecord[]; next: string | undefined }> => {
  const { BatchSize, MaximumBatchingWindowInSeconds: windowSeconds, StartingPosition } = mapping;
  const sinceMs = StartingPosition === 'LATEST' ? Math.floor(createdMs / TELLS_MS) * TELLS_MS : 0;
  const records: StreamRecord[] = [];
  const endMs = performance.now() + windowSeconds * 1_000;
  for (let from: string = iterator; ; ) {
    const page = await api.read(shard, from);
    records.push(...page.records.filter(({ arrivedMs }) => arrivedMs >= sinceMs));
    const isOver = records.length === 0 || records.length >= BatchSize || performance.now() >= endMs || signal.aborted;
    if (isOver || page.next === undefined) return { records, next: page.next };
    from = page.next;
    await pause(Math.min(LOOK_MS, endMs - performance.now()), signal);
  }
};

/** Batches of at most so many records, each of which fits an invocation. */
function* batchesOf(records: readonly StreamRecord[], most: number): Generator<readonly StreamRecord[]> {
  let batch: StreamRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = jsonBytes(record.event) + 1;
    if (batch.length > 0 && (batch.length === most || bytes + size > MOST_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
