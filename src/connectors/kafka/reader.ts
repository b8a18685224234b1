import type { fetchV12 } from '@platformatic/kafka';
import type { KafkaClient } from './client.ts';

/** What one request for records gave. */
export type FetchedPartition = fetchV12.FetchResponsePartition;

/** What a log is read with. */
export interface FetchOptions {
  readonly topic: string;
  readonly partition: number;
  /** Broker that leads the partition. */
  readonly leader: number;
  readonly isCommittedOnly: boolean;
  readonly minBytes: number;
}

/** Bytes of one answer; the first batch comes whole, whatever its size. */
const MAX_BYTES = 2 * 1024 * 1024;
/** How long the server waits for `minBytes`. */
const MAX_WAIT_MS = 200;

/** What follows `offset`; throws as the library does. */
export const fetchFrom = async (
  client: KafkaClient,
  { topic, partition, leader, isCommittedOnly, minBytes }: FetchOptions,
  offset: number,
  signal: AbortSignal,
): Promise<FetchedPartition> => {
  const wanted = {
    partition,
    ...{ currentLeaderEpoch: -1, lastFetchedEpoch: -1 },
    fetchOffset: BigInt(offset),
    partitionMaxBytes: MAX_BYTES,
  };
  const { responses } = await client.ask(
    leader,
    client.library.fetchV12.api,
    [
      MAX_WAIT_MS,
      minBytes,
      MAX_BYTES,
      isCommittedOnly ? 1 : 0,
      0,
      -1,
      [{ topicId: topic, partitions: [wanted] }],
      [],
      '',
    ],
    `reading partition ${partition} of Kafka topic ${topic}`,
    signal,
  );
  return responses[0]?.partitions[0] as FetchedPartition;
};

/** Where the log begins, or ends for readers of that isolation, or what is the first record of that time or later. */
export type OffsetQuery = 'earliest' | 'latest' | { readonly sinceMs: number };

/** Offset of a place in the log; undefined when it has no record of that time or later. */
export const offsetOf = async (
  client: KafkaClient,
  { topic, partition, leader, isCommittedOnly }: Omit<FetchOptions, 'minBytes'>,
  query: OffsetQuery,
  signal: AbortSignal,
): Promise<number | undefined> => {
  const timestamp = query === 'earliest' ? -2n : query === 'latest' ? -1n : BigInt(query.sinceMs);
  const asked = { name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp }] };
  const doing = `finding an offset in partition ${partition} of Kafka topic ${topic}`;
  const { topics } = await client.whileSoon(doing, signal, () =>
    client.ask(leader, client.library.listOffsetsV6.api, [-1, isCommittedOnly ? 1 : 0, [asked]], doing, signal),
  );
  const offset = Number(topics[0]?.partitions[0]?.offset ?? -1);
  return offset < 0 ? undefined : offset;
};
