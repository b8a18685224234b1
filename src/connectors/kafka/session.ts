import type { FrontierMove, FrontierRow, TransactionalSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { type Frontier, isSameFrontier } from '../../core/frontier.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import { compareTokens, type Token } from '../../core/token.ts';
import { throwIfAborted } from '../abort.ts';
import { fenced } from '../fenced.ts';
import type { PlaceOf, Places } from '../places.ts';
import { recordId } from '../record-id.ts';
import { Turns } from '../turns.ts';
import type { CheckpointTopic } from './checkpoint-topic.ts';
import type { KafkaClient } from './client.ts';
import { isRejection, kafkaError } from './errors.ts';
import { batchesOf, type Item, itemOf, type KafkaPlace, type MessageOptions } from './messages.ts';
import { blamedRecords, type Partition, Producer, type ProducerOptions } from './producer.ts';
import { TransactionLane } from './transaction-lane.ts';

/** What a session works with. */
export interface SessionParts {
  readonly client: KafkaClient;
  readonly uid: string;
  readonly places: Places<KafkaPlace>;
  readonly message: MessageOptions;
  readonly producer: ProducerOptions;
  readonly checkpoints: CheckpointTopic;
  readonly batchBytes: number;
  readonly transactionTimeoutMs: number;
}

type Failures = Map<number, PulsarIoError>;

/** A topic-partition that this session fenced, and what is stored for it. */
interface Lane {
  readonly lane: TransactionLane;
  readonly place: Partition;
  row: FrontierRow;
}

/** Who writes: within a transaction of an id, or without one. */
interface Writer {
  readonly producer: Producer;
  readonly transactionalId?: string;
}

/** An open kafka sink. */
export class KafkaSession implements TransactionalSink {
  readonly #parts: SessionParts;
  readonly #producer: Producer;
  readonly #lanes = new Map<string, Lane>();
  readonly #turns = new Map<string, Turns>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#producer = new Producer(parts.producer);
  }

  write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    return this.#turn('', 'writing to', signal, async () => {
      const failures: Failures = new Map();
      const items = await this.#items(records, failures, signal);
      try {
        if (!this.#producer.isReady && items.length > 0) await this.#producer.begin(signal);
        await this.#produceAll({ producer: this.#producer }, items, failures, signal);
      } catch (error) {
        this.#producer.end();
        throw error;
      }
      return records.map((_, index) => resultOf(failures.get(index)) ?? WRITTEN);
    });
  }

  fence(topic: string, token: Token, initial: Frontier, signal: AbortSignal): Promise<FrontierRow> {
    return this.#turn(topic, `fencing ${topic} in`, signal, async () => {
      const { checkpoints, client, uid, transactionTimeoutMs } = this.#parts;
      this.#lanes.delete(topic);
      const place = await checkpoints.place(signal);
      const scan = checkpoints.scan(topic, place);
      // Taking over the id would end the run that has it: not on behalf of one that is refused.
      requireNewer(topic, token, await scan.toEnd(signal));
      const producer = new Producer(this.#parts.producer);
      const transactionalId = `pulsar-io/${uid}/${topic}`;
      const lane = new TransactionLane({ client, producer, transactionalId, transactionTimeoutMs });
      await lane.open(signal);
      // Only now nothing of older runs can be added.
      const stored = await scan.toEnd(signal);
      if (scan.hasOpen)
        throw new PulsarIoError('PIO_SINK_UNAVAILABLE', `a transaction of an earlier run for ${topic} has not ended`);
      requireNewer(topic, token, stored);
      const row: FrontierRow = { token, frontier: stored?.frontier ?? initial };
      await lane.begin([place], signal);
      await this.#store(lane, place, topic, row, signal);
      await lane.end(true, signal);
      this.#lanes.set(topic, { lane, place, row });
      return row;
    });
  }

  transact(
    records: readonly SinkRecord[],
    move: FrontierMove,
    signal: AbortSignal,
  ): Promise<readonly (RecordResult | undefined)[] | undefined> {
    const { topic, token, to } = move;
    return this.#turn(topic, 'writing to', signal, async () => {
      const held = this.#lanes.get(topic);
      if (!held || !isExpected(held.row, move))
        throw fenced(topic, token, 'its token or frontier is not the stored one');
      const failures: Failures = new Map();
      const items = await this.#items(records, failures, signal);
      const row: FrontierRow = { token, frontier: to };
      try {
        if (failures.size === 0) await this.#transaction(held, topic, items, row, failures, signal);
      } catch (error) {
        this.#lanes.delete(topic);
        throw error;
      }
      if (failures.size > 0) return records.map((_, index) => resultOf(failures.get(index)));
      held.row = row;
      return undefined;
    });
  }

  async describe(record: SinkRecord, signal: AbortSignal): Promise<unknown> {
    const placeOf = await this.#parts.places.lookUp([record], signal);
    const { message, bytes } = itemOf(record, 0, 0, placeOf(record), this.#parts.message);
    const { topic, partition, headers } = message;
    const key = record.key === undefined ? {} : { key: record.key, partition };
    return { topic, ...key, bytes: record.value === null ? null : bytes, headers: headers?.size ?? 0 };
  }

  async close(): Promise<void> {
    this.#parts.client.close();
  }

  /** Work for one topic-partition follows one another; that without transactions shares one producer. */
  #turn<T>(of: string, what: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { places } = this.#parts;
    const doing = `${what} ${places.home.target}`;
    const turns = this.#turns.get(of) ?? new Turns();
    this.#turns.set(of, turns);
    const ready = async (): Promise<T> => {
      throwIfAborted(signal, doing);
      return work();
    };
    return turns.take(ready).catch((error) => {
      throw places.doubted(kafkaError(error, doing, 'sink'));
    });
  }

  /** Commits the items with the row; where some were rejected, nothing. */
  async #transaction(
    { lane, place }: Lane,
    topic: string,
    items: readonly Item[],
    row: FrontierRow,
    failures: Failures,
    signal: AbortSignal,
  ): Promise<void> {
    const places = new Set(items.map(({ to }) => to));
    await lane.begin([place, ...places], signal);
    await Promise.all([this.#store(lane, place, topic, row, signal), this.#produceAll(lane, items, failures, signal)]);
    await lane.end(failures.size === 0, signal);
  }

  #store(lane: TransactionLane, place: Partition, topic: string, row: FrontierRow, signal: AbortSignal): Promise<void> {
    const message = this.#parts.checkpoints.record(topic, row);
    return lane.producer.produce(place, [message], lane.transactionalId, `storing the frontier of ${topic}`, signal);
  }

  async #items(records: readonly SinkRecord[], failures: Failures, signal: AbortSignal): Promise<Item[]> {
    const placeOf = await this.#parts.places.lookUp(records, signal);
    const keyless = records[0]?.messageId.entryId ?? 0;
    return records.flatMap((record, index) => this.#item(record, index, keyless, placeOf, failures));
  }

  #item(record: SinkRecord, index: number, keyless: number, placeOf: PlaceOf<KafkaPlace>, failures: Failures): Item[] {
    const { places, message } = this.#parts;
    try {
      return [itemOf(record, index, keyless, placeOf(record), message)];
    } catch (error) {
      const doing = `writing ${recordId(record)} to ${places.home.target}`;
      if (!(error instanceof PulsarIoError)) throw error;
      failures.set(index, new PulsarIoError(error.code, `${doing}: ${error.message}`));
      return [];
    }
  }

  /** Partitions side by side, the batches of each one after the other. Rejected records become failures. */
  async #produceAll(writer: Writer, items: readonly Item[], failures: Failures, signal: AbortSignal): Promise<void> {
    const byPartition = Map.groupBy(items, ({ to }) => to);
    const lanes = [...byPartition].map(async ([to, of]) => {
      for (const batch of batchesOf(of, this.#parts.batchBytes))
        await this.#produceOrHalve(writer, to, batch, failures, signal);
    });
    await Promise.all(lanes);
  }

  async #produceOrHalve(
    writer: Writer,
    place: Partition,
    items: readonly Item[],
    failures: Failures,
    signal: AbortSignal,
  ): Promise<void> {
    const messages = items.map(({ message }) => ({ ...message }));
    const doing = `writing to Kafka topic ${place.topic}`;
    try {
      await writer.producer.produce(place, messages, writer.transactionalId, doing, signal);
    } catch (error) {
      if (!isRejection(error)) throw error;
      const blamed = items.length === 1 ? [0] : blamedRecords(error).filter((at) => at < items.length);
      for (const { index, record } of blamed.map((at) => items[at] as Item))
        failures.set(index, kafkaError(error, `writing ${recordId(record)} to Kafka topic ${place.topic}`, 'sink'));
      const others = items.filter(({ index }) => !failures.has(index));
      const middle = others.length >> 1;
      const parts = blamed.length > 0 ? [others] : [others.slice(0, middle), others.slice(middle)];
      for (const part of parts) if (part.length > 0) await this.#produceOrHalve(writer, place, part, failures, signal);
    }
  }
}

const requireNewer = (topic: string, token: Token, stored: FrontierRow | undefined): void => {
  if (stored && compareTokens(stored.token, token) >= 0)
    throw fenced(topic, token, 'a run with a newer or the same token was here');
};

const isExpected = ({ token, frontier }: FrontierRow, move: FrontierMove): boolean =>
  compareTokens(token, move.token) === 0 && isSameFrontier(frontier, move.from);

const resultOf = (error: PulsarIoError | undefined): RecordResult | undefined => error && { ok: false, error };
