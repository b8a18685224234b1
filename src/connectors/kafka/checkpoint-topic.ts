import type { MessageRecord, RecordsBatch } from '@platformatic/kafka';
import type { FrontierRow } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { KafkaClient, TopicFacts } from './client.ts';
import { kafkaErrorId } from './errors.ts';
import type { Partition } from './producer.ts';
import { fetchFrom, offsetOf } from './reader.ts';
import { endOf, isCommitMarker, isControl, isTransactional } from './record-batches.ts';

/** A topic that keeps the last row of each key for ever; small segments, as compaction leaves out the one that is written to. */
const CONFIGS = Object.entries({
  'cleanup.policy': 'compact',
  'segment.bytes': '1048576',
  'min.cleanable.dirty.ratio': '0.1',
}).map(([name, value]) => ({ name, value }));

const CREATE_TIMEOUT_MS = 30_000;
/** As the brokers are set: `default.replication.factor`. */
const DEFAULT_REPLICATION = -1;

/** Where frontiers lie: a row per connector and topic-partition, all in the one partition of a compacted topic. */
export class CheckpointTopic {
  readonly #client: KafkaClient;
  readonly #name: string;
  readonly #uid: string;

  constructor(client: KafkaClient, name: string, uid: string) {
    this.#client = client;
    this.#name = name;
    this.#uid = uid;
  }

  /** The partition; makes the topic where there is none. */
  async place(signal: AbortSignal): Promise<Partition> {
    const known = await this.#client.topic(this.#name, signal);
    if (!known) await this.#create(signal);
    const doing = `looking for Kafka topic ${this.#name}, which was just made`;
    const facts = known ?? (await this.#client.whileSoon(doing, signal, () => this.#made(signal)));
    return { topic: this.#name, partition: 0, leader: facts.leaders[0] ?? -1 };
  }

  /** The record that stores a row. */
  record(topic: string, { token, frontier }: FrontierRow): MessageRecord {
    return {
      topic: this.#name,
      partition: 0,
      key: this.#key(topic),
      value: Buffer.from(JSON.stringify({ token, frontier })),
    };
  }

  /** A look at the rows of a topic-partition, from the beginning. */
  scan(topic: string, place: Partition): FrontierScan {
    return new FrontierScan(this.#client, place, this.#key(topic));
  }

  #key(topic: string): Buffer {
    return Buffer.from(JSON.stringify([this.#uid, topic]));
  }

  async #create(signal: AbortSignal): Promise<void> {
    const topic = {
      name: this.#name,
      ...{ numPartitions: 1, replicationFactor: DEFAULT_REPLICATION, assignments: [], configs: CONFIGS },
    };
    const doing = `creating Kafka topic ${this.#name} for the frontiers of sinks`;
    const { api } = this.#client.library.createTopicsV6;
    try {
      await this.#client.ask(this.#client.anyBroker, api, [[topic], CREATE_TIMEOUT_MS, false], doing, signal);
    } catch (error) {
      const id = kafkaErrorId(error);
      if (id === 'TOPIC_ALREADY_EXISTS') return;
      if (id === undefined) throw error;
      throw new PulsarIoError(
        'PIO_SINK_MISCONFIGURED',
        `${doing}: ${id}; give the right to, or create it with one partition and cleanup.policy=compact`,
      );
    }
  }

  /** A topic that was just made is known before its leader knows of it. */
  async #made(signal: AbortSignal): Promise<TopicFacts> {
    const facts = await this.#client.topic(this.#name, signal);
    const where = { topic: this.#name, partition: 0, leader: facts?.leaders[0] ?? -1, isCommittedOnly: false };
    try {
      if (facts && (await offsetOf(this.#client, where, 'latest', signal)) !== undefined) return facts;
    } catch (error) {
      if (!['NOT_LEADER_OR_FOLLOWER', 'UNKNOWN_TOPIC_OR_PARTITION'].includes(kafkaErrorId(error) ?? '')) throw error;
    }
    throw Object.assign(new Error('it has no leader yet'), { apiId: 'LEADER_NOT_AVAILABLE' });
  }
}

/**
 * Reads rows together with the markers that commit or abort them. A reader of committed records alone would end at the first transaction that anybody has open in this
 * partition; ours have ended when their transactional id was taken over.
 */
export class FrontierScan {
  readonly #client: KafkaClient;
  readonly #place: Partition;
  readonly #key: Buffer;
  /** Last row of each producer whose transaction has not ended. */
  readonly #open = new Map<bigint, FrontierRow>();
  #offset: number | undefined;
  #row: FrontierRow | undefined;

  constructor(client: KafkaClient, place: Partition, key: Buffer) {
    this.#client = client;
    this.#place = place;
    this.#key = key;
  }

  /** Goes on to the present end: the last committed row, undefined where there is none. */
  async toEnd(signal: AbortSignal): Promise<FrontierRow | undefined> {
    const where = { ...this.#place, isCommittedOnly: false };
    this.#offset ??= (await offsetOf(this.#client, where, 'earliest', signal)) ?? 0;
    const end = (await offsetOf(this.#client, where, 'latest', signal)) ?? 0;
    while (this.#offset < end) {
      const answer = await fetchFrom(this.#client, { ...where, minBytes: 1 }, this.#offset, signal);
      for (const batch of answer.records ?? []) {
        this.#take(batch);
        this.#offset = Math.max(this.#offset, endOf(batch));
      }
    }
    return this.#row;
  }

  /** True when a transaction that wrote a row has not ended. */
  get hasOpen(): boolean {
    return this.#open.size > 0;
  }

  #take(batch: RecordsBatch): void {
    const { producerId } = batch;
    if (isControl(batch)) {
      if (isCommitMarker(batch)) this.#row = this.#open.get(producerId) ?? this.#row;
      this.#open.delete(producerId);
      return;
    }
    const last = batch.records.findLast(({ key }) => key?.equals(this.#key));
    if (!last?.value) return;
    const row = JSON.parse(last.value.toString('utf8')) as FrontierRow;
    if (isTransactional(batch)) this.#open.set(producerId, row);
    else this.#row = row;
  }
}
