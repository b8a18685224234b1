import { createHash } from 'node:crypto';
import type { Options } from 'amqplib';
import { PulsarIoError } from '../../core/errors.ts';
import type { SinkRecord } from '../../core/record.ts';
import { recordId } from '../record-id.ts';
import type { RabbitmqSinkConfig } from './config.ts';
import { ENCODING_HEADER, TOMBSTONE } from './messages.ts';

/** A record in the form that the server takes. */
export interface Publication {
  readonly routingKey: string;
  readonly content: Buffer;
  readonly options: Options.Publish & { readonly messageId: string };
}

/** Property of a message that names its routing key, as in Pulsar's connector. */
const ROUTING_KEY = 'routingKey';

/** Longest routing key, header name and message id (AMQP 0-9-1: short string). */
const MAX_SHORT_BYTES = 255;
/** What the client encodes of the headers at most. */
const MAX_HEADER_BYTES = 60_000;

/** Throws `PIO_SINK_REJECTED`, `PIO_RECORD_TOO_LARGE`. */
export const publicationOf = (record: SinkRecord, config: RabbitmqSinkConfig): Publication => {
  const content = record.bytes ?? Buffer.alloc(0);
  const { maxMessageBytes, persistent, mandatory } = config;
  if (content.length > maxMessageBytes)
    throw new PulsarIoError(
      'PIO_RECORD_TOO_LARGE',
      `its payload has ${content.length} bytes, maxMessageBytes is ${maxMessageBytes}`,
    );
  const routingKey = record.properties[ROUTING_KEY] || config.routingKey || '';
  requireShort('its routing key', routingKey);
  const timestamp = Math.floor((record.eventTimeMs ?? record.publishTimeMs) / 1_000);
  return {
    routingKey,
    content,
    options: { persistent, mandatory, messageId: messageIdOf(record), timestamp, headers: headersOf(record, config) },
  };
};

/** Equal for every attempt at a record: our source tells repetitions by it, as other consumers may. */
const messageIdOf = (record: SinkRecord): string => {
  const id = recordId(record);
  return Buffer.byteLength(id) <= MAX_SHORT_BYTES ? id : createHash('sha256').update(id).digest('hex');
};

const headersOf = ({ properties, key, bytes }: SinkRecord, { keyHeader }: RabbitmqSinkConfig) => {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(properties)) if (name !== ROUTING_KEY) headers[name] = value;
  if (keyHeader !== undefined && key !== undefined) headers[keyHeader] = key;
  if (bytes === null) headers[ENCODING_HEADER] = TOMBSTONE;
  let size = 0;
  for (const [name, value] of Object.entries(headers)) {
    requireShort('the name of a property', name);
    size += Buffer.byteLength(name) + Buffer.byteLength(value) + 6;
  }
  if (size <= MAX_HEADER_BYTES) return headers;
  throw new PulsarIoError(
    'PIO_RECORD_TOO_LARGE',
    `its key and properties have ${size} bytes; at most ${MAX_HEADER_BYTES} are sent as headers`,
  );
};

const requireShort = (what: string, value: string): void => {
  const bytes = Buffer.byteLength(value);
  if (bytes <= MAX_SHORT_BYTES) return;
  throw new PulsarIoError('PIO_SINK_REJECTED', `${what} has ${bytes} bytes; RabbitMQ takes at most ${MAX_SHORT_BYTES}`);
};
