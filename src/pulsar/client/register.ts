import { PulsarError } from '../errors.ts';
import type { Connection } from '../network/connection.ts';
import type { ConsumerListener, ProducerListener } from '../network/connection-listeners.ts';
import { abortedError, type RequestOptions } from '../network/request-table.ts';
import type { CommandFields, CommandInput, KeyValue } from '../protocol/index.ts';

/** Name/value pairs as the protocol carries them. */
export function keyValues(properties: Readonly<Record<string, string>> | undefined): KeyValue[] {
  return Object.entries(properties ?? {}).map(([key, value]) => ({ key, value }));
}

/** After a timeout or an abort the broker may still have registered us: tell it that nobody is there. */
function mayBeRegistered(connection: Connection, error: unknown): boolean {
  const code = error instanceof PulsarError ? error.code : '';
  return connection.isOpen && (code === 'TimeOut' || code === 'Aborted');
}

/** Throws what an answer that came when it was no longer wanted leads to. */
function requireWanted({ signal }: RequestOptions): void {
  if (signal?.aborted) throw abortedError('registering', signal);
}

/** Registers a producer on a connection; `listener` hears from then on. Rejects with the broker's error. */
export async function registerProducer(
  connection: Connection,
  fields: Omit<CommandInput<'PRODUCER'>, 'requestId'>,
  listener: ProducerListener,
  options: RequestOptions,
): Promise<CommandFields<'PRODUCER_SUCCESS'>> {
  const { producerId } = fields;
  connection.producers.set(producerId, listener);
  try {
    const success = await connection.request('PRODUCER', fields, 'PRODUCER_SUCCESS', options);
    requireWanted(options);
    return success;
  } catch (error) {
    connection.producers.delete(producerId);
    if (mayBeRegistered(connection, error)) {
      closeProducer(connection, producerId, { timeoutMs: options.timeoutMs }).catch(() => undefined);
    }
    throw error;
  }
}

/** Tells the broker that a producer ends; its listener hears nothing more. Rejects when the broker does not answer. */
export async function closeProducer(
  connection: Connection,
  producerId: number,
  options: RequestOptions,
): Promise<void> {
  connection.producers.delete(producerId);
  if (connection.isOpen) await connection.request('CLOSE_PRODUCER', { producerId }, 'SUCCESS', options);
}

/** Subscribes on a connection; `listener` hears from then on. Sends no permits. Rejects with the broker's error. */
export async function registerConsumer(
  connection: Connection,
  fields: Omit<CommandInput<'SUBSCRIBE'>, 'requestId'>,
  listener: ConsumerListener,
  options: RequestOptions,
): Promise<void> {
  const { consumerId } = fields;
  connection.consumers.set(consumerId, listener);
  try {
    await connection.request('SUBSCRIBE', fields, 'SUCCESS', options);
    requireWanted(options);
  } catch (error) {
    connection.consumers.delete(consumerId);
    if (mayBeRegistered(connection, error)) {
      closeConsumer(connection, consumerId, { timeoutMs: options.timeoutMs }).catch(() => undefined);
    }
    throw error;
  }
}

/** Tells the broker that a consumer ends; its listener hears nothing more. Rejects when the broker does not answer. */
export async function closeConsumer(
  connection: Connection,
  consumerId: number,
  options: RequestOptions,
): Promise<void> {
  connection.consumers.delete(consumerId);
  if (connection.isOpen) await connection.request('CLOSE_CONSUMER', { consumerId }, 'SUCCESS', options);
}
