import type { KafkaClient } from './client.ts';
import { kafkaErrorId } from './errors.ts';
import type { Partition, Producer } from './producer.ts';

/** What a lane works with. */
export interface LaneOptions {
  readonly client: KafkaClient;
  readonly producer: Producer;
  readonly transactionalId: string;
  /** After this long the server aborts a transaction that nobody ends. */
  readonly transactionTimeoutMs: number;
}

/**
 * Transactions of one transactional id, one after the other. Of all that open the same id only the last may go on: the server refuses what the others send, and has ended what they
 * left open before it answers. Throws as the library does; after a failure open another lane.
 */
export class TransactionLane {
  readonly producer: Producer;
  readonly transactionalId: string;
  readonly #options: LaneOptions;
  #coordinator: number | undefined;
  #identity = { producerId: -1n, producerEpoch: -1 };

  constructor(options: LaneOptions) {
    this.#options = options;
    this.producer = options.producer;
    this.transactionalId = options.transactionalId;
  }

  /** Fences whoever has the id; resolves when their last transaction is committed or aborted for good. */
  async open(signal: AbortSignal): Promise<void> {
    const { client, transactionTimeoutMs } = this.#options;
    const { producerId, producerEpoch } = await this.#ask(
      'fencing older producers',
      client.library.initProducerIdV4.api,
      [this.transactionalId, transactionTimeoutMs, -1n, -1],
      signal,
    );
    this.#identity = { producerId, producerEpoch };
    this.producer.use(this.#identity);
  }

  /** Begins a transaction that will write to these partitions. */
  async begin(places: readonly Partition[], signal: AbortSignal): Promise<void> {
    const topics = [...Map.groupBy(places, ({ topic }) => topic)].map(([name, of]) => ({
      name,
      partitions: of.map(({ partition }) => partition),
    }));
    const transaction = { transactionalId: this.transactionalId, ...this.#identity, verifyOnly: false, topics };
    const { api } = this.#options.client.library.addPartitionsToTxnV3;
    await this.#ask('beginning a transaction', api, [[transaction]], signal);
  }

  /** Commits or aborts it. A failure says nothing of whether that was done. */
  async end(isCommitted: boolean, signal: AbortSignal): Promise<void> {
    const { producerId, producerEpoch } = this.#identity;
    const { api } = this.#options.client.library.endTxnV3;
    const doing = isCommitted ? 'committing a transaction' : 'aborting a transaction';
    await this.#ask(doing, api, [this.transactionalId, producerId, producerEpoch, isCommitted], signal);
  }

  #ask<A extends unknown[], R>(
    what: string,
    api: Parameters<typeof KafkaClient.prototype.ask<A, R>>[1],
    args: A,
    signal: AbortSignal,
  ): Promise<R> {
    const doing = `${what} as ${this.transactionalId}`;
    const { client } = this.#options;
    return client.whileSoon(doing, signal, async () => {
      this.#coordinator ??= await client.coordinatorOf(this.transactionalId, signal);
      try {
        return await client.ask(this.#coordinator, api, args, doing, signal);
      } catch (error) {
        if (kafkaErrorId(error) === 'NOT_COORDINATOR') this.#coordinator = undefined;
        throw error;
      }
    });
  }
}
