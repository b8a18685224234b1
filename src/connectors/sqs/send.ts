import type { BatchResultErrorEntry } from '@aws-sdk/client-sqs';
import { concurrently } from '../../core/concurrently.ts';
import type { OpenSink } from '../../core/connector-type.ts';
import { PulsarIoError, toPulsarIoError } from '../../core/errors.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import { throwIfAborted } from '../abort.ts';
import { recordId } from '../record-id.ts';
import { type FoundQueue, findQueue } from './client.ts';
import type { SqsSinkConfig } from './config.ts';
import { type Entry, entryOf, MAX_BYTES } from './entries.ts';
import { sqsError } from './errors.ts';

/** Most messages of one `SendMessageBatch`. */
const MAX_MESSAGES = 10;

/** Finds the queue; throws `PIO_SINK_MISCONFIGURED` and `PIO_SINK_UNAVAILABLE`. */
export const openSqsSink = async (config: SqsSinkConfig, signal: AbortSignal): Promise<OpenSink> =>
  new SqsSink(await findQueue(config, 'SINK', signal), config);

interface Sending {
  readonly entry: Entry;
  readonly record: SinkRecord;
  /** Place in the batch. */
  readonly index: number;
}

class SqsSink implements OpenSink {
  readonly #queue: FoundQueue;
  readonly #config: SqsSinkConfig;

  constructor(queue: FoundQueue, config: SqsSinkConfig) {
    this.#queue = queue;
    this.#config = config;
  }

  async write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    throwIfAborted(signal, `sending to ${this.#queue.name}`);
    const results: RecordResult[] = records.map(() => WRITTEN);
    const sendings = records.flatMap((record, index) => {
      try {
        return [{ entry: entryOf(record, this.#config), record, index }];
      } catch (cause) {
        const error = toPulsarIoError(cause, 'PIO_SINK_REJECTED', recordId(record));
        results[index] = { ok: false, error };
        return [];
      }
    });
    const lanes = lanesOf(sendings, this.#config.concurrency);
    await concurrently(lanes, this.#config.concurrency, (lane) => this.#sendLane(lane, results, signal));
    return results;
  }

  async close(): Promise<void> {
    this.#queue.client.destroy();
  }

  /** One batch after the other. What follows a failed message in its group is not sent before it. */
  async #sendLane(lane: readonly Sending[], results: RecordResult[], signal: AbortSignal): Promise<void> {
    const heldGroups = new Map<string, PulsarIoError>();
    for (const batch of batchesOf(lane)) {
      const held = batch.filter(({ entry: { group } }) => group !== undefined && heldGroups.has(group));
      for (const { entry, index } of held) {
        const error = heldGroups.get(entry.group ?? '') as PulsarIoError;
        results[index] = { ok: false, error };
      }
      const free = batch.filter((sending) => !held.includes(sending));
      if (free.length === 0) continue;
      for (const { sending, error } of await this.#send(free, signal)) {
        results[sending.index] = { ok: false, error };
        if (sending.entry.group !== undefined) heldGroups.set(sending.entry.group, waiting(sending.record));
      }
    }
  }

  async #send(batch: readonly Sending[], signal: AbortSignal) {
    const { sqs, client, url, name } = this.#queue;
    const Entries = batch.map(({ entry }, at) => ({ Id: String(at), ...entry.fields }));
    try {
      const command = new sqs.SendMessageBatchCommand({ QueueUrl: url, Entries });
      const { Failed = [] } = await client.send(command, { abortSignal: signal });
      return Failed.map((failed) => {
        const sending = batch[Number(failed.Id)] as Sending;
        return { sending, error: failureOf(sending.record, failed, name) };
      });
    } catch (error) {
      throw sqsError(error, `sending to ${name}`, 'SINK', signal);
    }
  }
}

/** Messages of one group go one way, in their order; others are dealt out. */
const lanesOf = (sendings: readonly Sending[], count: number): Sending[][] => {
  const lanes = Array.from({ length: count }, (): Sending[] => []);
  const laneOf = new Map<string, number>();
  let next = 0;
  for (const sending of sendings) {
    const { group } = sending.entry;
    const lane = (group === undefined ? undefined : laneOf.get(group)) ?? Math.floor(next++ / MAX_MESSAGES) % count;
    if (group !== undefined) laneOf.set(group, lane);
    lanes[lane]?.push(sending);
  }
  return lanes.filter((lane) => lane.length > 0);
};

/** Consecutive messages that fit one request. */
function* batchesOf(lane: readonly Sending[]): Generator<readonly Sending[]> {
  let batch: Sending[] = [];
  let bytes = 0;
  for (const sending of lane) {
    if (batch.length === MAX_MESSAGES || (batch.length > 0 && bytes + sending.entry.bytes > MAX_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(sending);
    bytes += sending.entry.bytes;
  }
  if (batch.length > 0) yield batch;
}

/** SQS says whether the sender is at fault. Its own text may quote the message. */
const failureOf = (record: SinkRecord, { Code, SenderFault }: BatchResultErrorEntry, name: string): PulsarIoError =>
  SenderFault
    ? new PulsarIoError('PIO_SINK_REJECTED', `${recordId(record)}: ${name} refuses it (${Code})`)
    : new PulsarIoError('PIO_SINK_UNAVAILABLE', `${recordId(record)}: ${name} could not take it now (${Code})`);

const waiting = (before: SinkRecord): PulsarIoError =>
  new PulsarIoError('PIO_SINK_UNAVAILABLE', `waits for ${recordId(before)}, which is before it in its message group`);
