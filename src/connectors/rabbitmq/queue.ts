import type { Channel, ConsumeMessage, Message } from 'amqplib';
import type { OpenQueueSource, QueueMessage } from '../../core/connector-type.ts';
import { orAborted, throwIfAborted } from '../abort.ts';
import type { RabbitmqSourceConfig } from './config.ts';
import { connectRabbitmq, type RabbitmqConnection } from './connect.ts';
import { rabbitmqError } from './errors.ts';
import { idOf, recordOf } from './messages.ts';

/** For `prefetchCount` 0: what is held in memory is bounded. */
const DEFAULT_PREFETCH = 500;
/** Most messages that a run leaves unsettled; then it receives no more. */
const MAX_LEFT = 10_000;
/** The server's own limit (`consumer_timeout`), beyond which it closes the channel; it is longer than a run. */
const HIDDEN_MS = 30 * 60_000;

/** Connects, and looks if the queue is there. Throws `PIO_SOURCE_MISCONFIGURED`, `PIO_SOURCE_UNAVAILABLE`. */
export const openRabbitmqQueue = async (
  config: RabbitmqSourceConfig,
  signal: AbortSignal,
): Promise<OpenQueueSource> => {
  const connection = await connectRabbitmq(config, 'SOURCE', signal);
  const doing = `looking for queue ${config.queueName} of ${connection.name}`;
  try {
    const channel = await orAborted(connection.model.createChannel(), signal, doing);
    const queue = new RabbitmqQueue(connection, channel, config);
    await orAborted(channel.checkQueue(config.queueName), signal, doing);
    return queue;
  } catch (error) {
    connection.destroy();
    throw rabbitmqError(error, doing, 'SOURCE', signal);
  }
};

/**
 * One consumer on one channel. A message stays hidden until it is settled, or the channel ends: then the server shows it again, with all others that were not settled.
 * What the run leaves unsettled takes the place of others among those that the server delivers at once; when it takes all of them, a new consumer gets new places.
 */
class RabbitmqQueue implements OpenQueueSource {
  readonly hiddenMs = HIDDEN_MS;
  readonly retentionMs: number;
  readonly #connection: RabbitmqConnection;
  readonly #channel: Channel;
  readonly #queue: string;
  readonly #name: string;
  readonly #prefetch: number;
  /** Delivered and not asked for yet. */
  readonly #waiting: ConsumeMessage[] = [];
  /** Delivery tags that were not settled, of {@link #waiting} too. */
  readonly #unsettled = new Set<number>();
  #consumerTag: string | undefined;
  /** How many were unsettled when the consumer began. */
  #leftBefore = 0;
  #failure: unknown;
  #wake: () => void = () => undefined;

  constructor(connection: RabbitmqConnection, channel: Channel, config: RabbitmqSourceConfig) {
    this.#connection = connection;
    this.#channel = channel;
    this.#queue = config.queueName;
    this.#name = `queue ${config.queueName} of ${connection.name}`;
    this.#prefetch = config.prefetchCount || DEFAULT_PREFETCH;
    this.retentionMs = config.messageTtlMs ?? Number.POSITIVE_INFINITY;
    const fail = (error?: unknown): void => {
      this.#failure ??= connection.failure() ?? error ?? new Error('the channel was closed');
      this.#wake();
    };
    channel.on('error', fail);
    channel.on('close', () => fail());
  }

  async receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly QueueMessage[]> {
    const doing = `receiving from ${this.#name}`;
    throwIfAborted(signal, doing);
    if (this.#waiting.length === 0) {
      if (this.#leftBefore >= MAX_LEFT) return [];
      await this.#ask(() => this.#consume(), doing, signal);
      await this.#arrival(waitMs, signal);
      throwIfAborted(signal, doing);
    }
    // What came before the channel ended is not handed out: it could not be settled.
    this.#throwFailure(doing);
    return this.#waiting.splice(0, max).map((message) => ({
      record: recordOf(message),
      receipt: String(message.fields.deliveryTag),
      id: idOf(message),
    }));
  }

  /** Acknowledges, and asks the server a question behind it: its answer says that the channel was still there. */
  async settle(receipts: readonly string[], signal: AbortSignal): Promise<void> {
    const tags = receipts.map(Number).filter((tag) => this.#unsettled.delete(tag));
    if (tags.length === 0) return;
    const doing = `acknowledging messages of ${this.#name}`;
    await this.#ask(
      async () => {
        for (const deliveryTag of tags) this.#channel.ack({ fields: { deliveryTag } } as Message);
        await this.#channel.checkQueue(this.#queue);
      },
      doing,
      signal,
    );
  }

  /** A message is hidden as long as the channel is open. */
  async extend(): Promise<void> {}

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #consume(): Promise<void> {
    const isFull = this.#unsettled.size - this.#leftBefore >= this.#prefetch;
    if (this.#consumerTag !== undefined && !isFull) return;
    if (this.#consumerTag !== undefined) await this.#channel.cancel(this.#consumerTag);
    this.#leftBefore = this.#unsettled.size;
    await this.#channel.prefetch(this.#prefetch);
    const { consumerTag } = await this.#channel.consume(this.#queue, (message) => this.#take(message));
    this.#consumerTag = consumerTag;
  }

  #take(message: ConsumeMessage | null): void {
    if (message === null) {
      this.#failure ??= Object.assign(new Error('the queue was deleted'), { code: 404 });
    } else {
      this.#unsettled.add(message.fields.deliveryTag);
      this.#waiting.push(message);
    }
    this.#wake();
  }

  /** Resolves when there is a message or a failure, after `waitMs`, and when the run ends. */
  async #arrival(waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#waiting.length > 0 || this.#failure !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    end.addEventListener('abort', () => resolve(), { once: true });
    this.#wake = resolve;
    await promise;
  }

  async #ask(question: () => Promise<void>, doing: string, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal, doing);
    this.#throwFailure(doing);
    try {
      await orAborted(question(), signal, doing);
    } catch (error) {
      throw rabbitmqError(this.#failure ?? error, doing, 'SOURCE', signal);
    }
  }

  #throwFailure(doing: string): void {
    if (this.#failure === undefined) return;
    throw rabbitmqError(this.#failure, doing, 'SOURCE');
  }
}
