import type { ConfirmChannel } from 'amqplib';
import type { OpenSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import { orAborted, throwIfAborted } from '../abort.ts';
import { recordId } from '../record-id.ts';
import type { RabbitmqSinkConfig } from './config.ts';
import { connectRabbitmq, type RabbitmqConnection } from './connect.ts';
import { rabbitmqError } from './errors.ts';
import { type Publication, publicationOf } from './publication.ts';

/** Connects, and looks if exchange and queue are there. Throws `PIO_SINK_MISCONFIGURED`, `PIO_SINK_UNAVAILABLE`. */
export const openRabbitmqPublisher = async (config: RabbitmqSinkConfig, signal: AbortSignal): Promise<OpenSink> => {
  const { exchangeName, queueName } = config;
  const connection = await connectRabbitmq(config, 'SINK', signal);
  const doing = `looking for exchange ${exchangeName || '(default)'} of ${connection.name}`;
  try {
    const channel = await orAborted(connection.model.createConfirmChannel(), signal, doing);
    const publisher = new RabbitmqPublisher(connection, channel, config);
    if (exchangeName !== '') await orAborted(channel.checkExchange(exchangeName), signal, doing);
    if (queueName !== undefined) await orAborted(channel.checkQueue(queueName), signal, doing);
    return publisher;
  } catch (error) {
    connection.destroy();
    throw rabbitmqError(error, doing, 'SINK', signal);
  }
};

/** What the server says when it closes the channel for a message over its `max_message_size`. */
const SERVER_LIMIT = /larger than configured max size (\d+)/;

class RabbitmqPublisher implements OpenSink {
  readonly #connection: RabbitmqConnection;
  readonly #channel: ConfirmChannel;
  readonly #config: RabbitmqSinkConfig;
  readonly #name: string;
  /** Message ids that came back because no queue gets them; the confirmation follows. */
  readonly #returned = new Set<string>();
  #failure: unknown;
  #blocked: string | undefined;

  constructor(connection: RabbitmqConnection, channel: ConfirmChannel, config: RabbitmqSinkConfig) {
    this.#connection = connection;
    this.#channel = channel;
    this.#config = config;
    this.#name = `exchange ${config.exchangeName || '(default)'} of ${connection.name}`;
    const fail = (error?: unknown): void => {
      this.#failure ??= connection.failure() ?? error ?? new Error('the channel was closed');
    };
    channel.on('error', fail);
    channel.on('close', () => fail());
    channel.on('return', ({ properties: { messageId } }) => this.#returned.add(String(messageId)));
    connection.model.on('blocked', (reason) => {
      this.#blocked = reason;
    });
    connection.model.on('unblocked', () => {
      this.#blocked = undefined;
    });
  }

  async write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    const doing = `publishing to ${this.#name}`;
    throwIfAborted(signal, doing);
    if (this.#failure !== undefined) throw rabbitmqError(this.#failure, doing, 'SINK');
    const deadline = AbortSignal.timeout(this.#config.confirmTimeoutMs);
    try {
      const all = Promise.all(records.map((record) => this.#publish(record)));
      return await orAborted(all, AbortSignal.any([signal, deadline]), doing);
    } catch (error) {
      // What was not confirmed may arrive or not; a late confirmation must not count for a later batch.
      this.#connection.destroy();
      if (!deadline.aborted || signal.aborted) throw error;
      const why = this.#blocked === undefined ? '' : `; it takes nothing now (${this.#blocked})`;
      throw new PulsarIoError('PIO_SINK_UNAVAILABLE', `${doing}: not confirmed in time${why}`);
    }
  }

  describe(record: SinkRecord): unknown {
    const { routingKey, content, options } = publicationOf(record, this.#config);
    const { exchangeName: exchange } = this.#config;
    return { exchange, routingKey, bytes: content.length, messageId: options.messageId };
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #publish(record: SinkRecord): Promise<RecordResult> {
    try {
      const publication = publicationOf(record, this.#config);
      const error = await this.#confirmed(publication);
      if (error) throw this.#unconfirmed(error, publication);
      if (!this.#returned.delete(publication.options.messageId)) return WRITTEN;
      throw new PulsarIoError(
        'PIO_SINK_REJECTED',
        'no queue is bound for its routing key: bind one, or set mandatory to false',
      );
    } catch (cause) {
      const doing = `publishing ${recordId(record)} to ${this.#name}`;
      const { code, message } = cause as PulsarIoError;
      const error =
        cause instanceof PulsarIoError
          ? new PulsarIoError(code, `${doing}: ${message}`)
          : rabbitmqError(cause, doing, 'SINK');
      return { ok: false, error };
    }
  }

  /** Resolves with what the server says: nothing for yes. */
  #confirmed({ routingKey, content, options }: Publication): Promise<unknown> {
    return new Promise((resolve) => {
      this.#channel.publish(this.#config.exchangeName, routingKey, content, options, resolve);
    });
  }

  #unconfirmed(error: unknown, { content }: Publication): unknown {
    if (this.#failure === undefined)
      return new PulsarIoError('PIO_SINK_UNAVAILABLE', 'the server refuses it now: a queue is full, or failed');
    const limit = SERVER_LIMIT.exec((this.#failure as Error).message)?.[1];
    if (limit === undefined) return this.#failure ?? error;
    return content.length > Number(limit)
      ? new PulsarIoError(
          'PIO_RECORD_TOO_LARGE',
          `its payload has ${content.length} bytes, the server takes at most ${limit}`,
        )
      : new PulsarIoError('PIO_SINK_UNAVAILABLE', 'the server closed the channel for a larger message');
  }
}
