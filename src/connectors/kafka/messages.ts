import type { MessageRecord } from '@platformatic/kafka';
import { PulsarIoError } from '../../core/errors.ts';
import type { SinkRecord } from '../../core/record.ts';
import { partitionOf } from './murmur2.ts';
import type { Partition } from './producer.ts';

/** A record on its way, with its place in the batch that the runtime gave. */
export interface Item {
  readonly index: number;
  readonly record: SinkRecord;
  /** Where it goes: the same object for each that goes there. */
  readonly to: Partition;
  readonly message: MessageRecord;
  readonly bytes: number;
}

/** A topic that is written to. */
export interface KafkaPlace {
  readonly partitions: readonly Partition[];
  /** Names it in error messages. */
  readonly target: string;
}

/** What decides about a message. */
export interface MessageOptions {
  readonly maxRequestSize: number;
  readonly copiesProperties: boolean;
}

/** Bytes of a record beside key, value and headers, at most (Kafka documentation, "Record"), and of a batch's head. */
const OVERHEAD_BYTES = 100;

/** The item of a record; throws `PIO_RECORD_TOO_LARGE`. Records without a key go where the first of them goes. */
export const itemOf = (
  record: SinkRecord,
  index: number,
  keyless: number,
  { partitions }: KafkaPlace,
  { maxRequestSize, copiesProperties }: MessageOptions,
): Item => {
  const key = record.key === undefined ? undefined : Buffer.from(record.key, 'utf8');
  const value = record.value as Buffer | null;
  const headers = new Map(copiesProperties ? headersOf(record) : []);
  const ofHeaders = [...headers].reduce((sum, [name, text]) => sum + name.length + text.length + 10, 0);
  const bytes = OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + ofHeaders;
  if (bytes > maxRequestSize)
    throw new PulsarIoError(
      'PIO_RECORD_TOO_LARGE',
      `the message has ${bytes} bytes, more than maxRequestSize (${maxRequestSize})`,
    );
  const count = partitions.length;
  const to = partitions[key === undefined ? keyless % count : partitionOf(key, count)] as Partition;
  // The library's types have no record without a value; its bytes do.
  const message = {
    topic: to.topic,
    partition: to.partition,
    value: value as Buffer,
    headers,
    ...(key !== undefined && { key }),
  };
  return { index, record, to, message, bytes };
};

const headersOf = ({ properties }: SinkRecord): [Buffer, Buffer][] =>
  Object.entries(properties).map(([name, text]) => [Buffer.from(name), Buffer.from(text)]);

/** Consecutive items of one partition that are estimated to fit into a batch of `limit` bytes; one that is larger is a batch of its own. */
export function* batchesOf(items: readonly Item[], limit: number): Generator<readonly Item[], void, void> {
  let batch: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    if (batch.length > 0 && bytes + item.bytes > limit) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += item.bytes;
  }
  if (batch.length > 0) yield batch;
}
