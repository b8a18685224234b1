import type { MessageRecord, produceV9 } from '@platformatic/kafka';
import type { KafkaClient } from './client.ts';
import { answerOf } from './errors.ts';

/** A place in a topic, and who leads it. */
export interface Partition {
  readonly topic: string;
  readonly partition: number;
  readonly leader: number;
}

/** How a producer writes. */
export interface ProducerOptions {
  readonly client: KafkaClient;
  /** Compression of its batches. */
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  readonly requestTimeoutMs: number;
}

/** Sequences are counted from 0 again behind the largest that 31 bits hold. */
const MAX_SEQUENCES = 2 ** 31;

interface Identity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

const nameOf = ({ topic, partition }: Partition): string => `${topic}:${partition}`;

/** Of a batch that was refused, the records that are to blame by index, where the server says so. */
export const blamedRecords = (error: unknown): readonly number[] => {
  const answer = answerOf<produceV9.ProduceResponse>(error);
  const blamed = answer?.responses[0]?.partitionResponses[0]?.recordErrors ?? [];
  return blamed.map(({ batchIndex }) => batchIndex);
};

/**
 * An idempotent producer: the server drops a batch that it has already. One batch of a partition is under way at a time; it is acknowledged when all replicas in sync have it. Nothing is sent
 * twice. After any failure but a rejection, `begin` again.
 */
export class Producer {
  readonly #options: ProducerOptions;
  readonly #sequences = new Map<string, number>();
  #identity: Identity | undefined;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  /** Whether it may produce. */
  get isReady(): boolean {
    return this.#identity !== undefined;
  }

  /** Takes a new identity without transactions. */
  async begin(signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const doing = 'asking Kafka for a producer id';
    const args: [null, number, bigint, number] = [null, 0, -1n, -1];
    const ask = () => client.ask(client.anyBroker, client.library.initProducerIdV4.api, args, doing, signal);
    this.use(await client.whileSoon(doing, signal, ask));
  }

  /** Writes under that identity from now on. */
  use({ producerId, producerEpoch }: Identity): void {
    this.#identity = { producerId, producerEpoch };
    this.#sequences.clear();
  }

  /** Forgets its identity. */
  end(): void {
    this.#identity = undefined;
  }

  /** Writes one batch, whole or not at all; throws as the library does. A batch that was rejected is as if it had not been sent. */
  async produce(
    place: Partition,
    messages: MessageRecord[],
    transactionalId: string | undefined,
    doing: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, compression, requestTimeoutMs } = this.#options;
    const { library } = client;
    const name = nameOf(place);
    const first = this.#sequences.get(name) ?? 0;
    const sequences = new library.NumericMap([[name, first]]);
    const options = {
      ...this.#identity,
      ...{ sequences, compression },
      ...(transactionalId !== undefined && { transactionalId }),
    };
    const args: Parameters<typeof produceV9.createRequest> = [-1, requestTimeoutMs, messages, options];
    await client.ask(place.leader, library.produceV9.api, args, doing, signal);
    this.#sequences.set(name, (first + messages.length) % MAX_SEQUENCES);
  }
}
