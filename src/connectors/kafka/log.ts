import type { KafkaRecord } from '@platformatic/kafka';
import type { OpenContext, OpenLogSource } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { Position } from '../../core/position.ts';
import type { SourceRecord } from '../../core/record.ts';
import { throwIfAborted } from '../abort.ts';
import type { KafkaClient, TopicFacts } from './client.ts';
import { kafkaError, kafkaErrorId } from './errors.ts';
import { type FetchOptions, fetchFrom, offsetOf } from './reader.ts';
import { committedBatches, endOf, type PlacedRecord, placed } from './record-batches.ts';
import type { KafkaPosition } from './source-config.ts';

/** What a log is made of. */
export interface KafkaLogOptions {
  readonly client: KafkaClient;
  readonly context: OpenContext;
  readonly topic: string;
  readonly reset: 'earliest' | 'latest' | 'none';
  readonly isCommittedOnly: boolean;
  readonly minBytes: number;
  readonly copiesHeaders: boolean;
}

const PAGE_RECORDS = 2_000;

/** A topic as a log: a source partition is a partition of it, and a sequence is an offset. */
export class KafkaLog implements OpenLogSource {
  readonly #options: KafkaLogOptions;

  constructor(options: KafkaLogOptions) {
    this.#options = options;
  }

  async partitions(signal: AbortSignal): Promise<readonly string[]> {
    const { leaders } = await this.#facts(signal);
    return leaders.map((_, index) => this.#name(index));
  }

  async begin(partition: string, signal: AbortSignal): Promise<Position | undefined> {
    return this.#translated(partition, async () => {
      const [fetching, topicId] = await this.#fetching(partition, signal);
      return { offset: await this.#start(fetching, signal), topicId };
    });
  }

  async *read(
    partition: string,
    from: Position | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<readonly SourceRecord[], void, void> {
    const { topic, isCommittedOnly } = this.#options;
    throwIfAborted(signal, `reading ${partition}`);
    const position = from as KafkaPosition | undefined;
    const [fetching, topicId] = await this.#translated(partition, () => this.#fetching(partition, signal));
    if (position && position.topicId !== topicId)
      throw new PulsarIoError(
        'PIO_SOURCE_CHANGED',
        `Kafka topic ${topic} is not the one that ${partition} was read from: it was deleted and created again. Stop this source and POST to its positions to read the new one`,
      );
    let offset = position?.offset ?? (await this.#translated(partition, () => this.#start(fetching, signal)));
    for (;;) {
      const answer = await this.#translated(partition, () => this.#fetch(fetching, offset, signal));
      if (typeof answer === 'number') {
        offset = answer;
        continue;
      }
      const { records = [], abortedTransactions, highWatermark, lastStableOffset } = answer;
      const batches = [...committedBatches(records ?? [], abortedTransactions ?? [])];
      const found = batches.flatMap((batch) => placed(batch, offset));
      for (let at = 0; at < found.length; at += PAGE_RECORDS) {
        throwIfAborted(signal, `reading ${partition}`);
        yield found.slice(at, at + PAGE_RECORDS).map((it) => this.#record(it, fetching.partition, topicId));
      }
      const last = records?.at(-1);
      offset = last ? Math.max(offset, endOf(last)) : offset;
      if (!last || offset >= Number(isCommittedOnly ? lastStableOffset : highWatermark)) return;
    }
  }

  async close(): Promise<void> {
    this.#options.client.close();
  }

  #name(index: number): string {
    return `${this.#options.topic}-${index}`;
  }

  async #facts(signal: AbortSignal): Promise<TopicFacts> {
    const { client, topic } = this.#options;
    const facts = await client.topic(topic, signal);
    if (facts) return facts;
    throw new PulsarIoError('PIO_SOURCE_MISCONFIGURED', `there is no Kafka topic ${topic}, or no right to see it`);
  }

  async #fetching(name: string, signal: AbortSignal): Promise<[FetchOptions, string]> {
    const { topic, isCommittedOnly, minBytes } = this.#options;
    const { topicId, leaders } = await this.#facts(signal);
    const partition = Number(name.slice(topic.length + 1));
    return [{ topic, partition, leader: leaders[partition] ?? -1, isCommittedOnly, minBytes }, topicId];
  }

  /** Where a partition is read from of which nothing was read. */
  async #start(fetching: FetchOptions, signal: AbortSignal): Promise<number> {
    const { client, reset, context } = this.#options;
    const ask = (query: Parameters<typeof offsetOf>[2]) => offsetOf(client, fetching, query, signal);
    if (reset === 'earliest') return (await ask('earliest')) ?? 0;
    if (reset === 'none')
      throw new PulsarIoError(
        'PIO_SOURCE_MISCONFIGURED',
        `partition ${fetching.partition} of Kafka topic ${fetching.topic} has no position yet, and autoOffsetReset is none: PUT positions, or set it to earliest or latest`,
      );
    return (await ask({ sinceMs: context.createdAtMs })) ?? (await ask('latest')) ?? 0;
  }

  /** What follows `offset`; where that is no longer kept, the offset to go on from. */
  async #fetch(fetching: FetchOptions, offset: number, signal: AbortSignal) {
    try {
      return await fetchFrom(this.#options.client, fetching, offset, signal);
    } catch (error) {
      if (kafkaErrorId(error) !== 'OFFSET_OUT_OF_RANGE') throw error;
      return this.#reset(fetching, offset, signal);
    }
  }

  async #reset(fetching: FetchOptions, offset: number, signal: AbortSignal): Promise<number> {
    const { client, reset } = this.#options;
    const { topic, partition } = fetching;
    const [earliest = 0, latest = 0] = await Promise.all(
      (['earliest', 'latest'] as const).map((query) => offsetOf(client, fetching, query, signal)),
    );
    const where = `partition ${partition} of Kafka topic ${topic}`;
    if (offset > latest)
      throw new PulsarIoError(
        'PIO_SOURCE_CHANGED',
        `${where} ends at offset ${latest}, before offset ${offset} that was read up to: records were lost there, and others get their offsets. Stop this source and PUT or POST its positions`,
      );
    if (reset === 'none')
      throw new PulsarIoError(
        'PIO_SOURCE_CHANGED',
        `${where} begins at offset ${earliest}: records from offset ${offset} on are no longer kept, and autoOffsetReset is none. Stop this source and PUT its positions`,
      );
    return reset === 'earliest' ? earliest : latest;
  }

  async #translated<T>(partition: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw kafkaError(error, `reading ${partition}`, 'source');
    }
  }

  #record({ offset, timestampMs, record }: PlacedRecord, partition: number, topicId: string): SourceRecord {
    const { key, value } = record;
    return {
      value,
      ...(key !== null && { key: key.toString('utf8') }),
      ...(timestampMs >= 0 && { eventTimeMs: timestampMs }),
      ...(this.#options.copiesHeaders && { properties: this.#properties(record, partition, offset) }),
      sequence: offset,
      position: { offset: offset + 1, topicId },
    };
  }

  /** As Pulsar's connector names them: values of headers as base64. */
  #properties({ headers }: KafkaRecord, partition: number, offset: number): Record<string, string> {
    const place = {
      __kafka_topic: this.#options.topic,
      __kafka_partition: String(partition),
      __kafka_offset: String(offset),
    };
    const copied = headers.map(([name, value]) => [name?.toString('utf8') ?? '', value?.toString('base64') ?? '']);
    return { ...place, ...Object.fromEntries(copied) };
  }
}
