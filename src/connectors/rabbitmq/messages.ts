import type { Message, MessagePropertyHeaders } from 'amqplib';
import type { EventRecord } from '../../core/connector-type.ts';

/** Header of our sink that says that a message is a tombstone and not an empty payload. */
export const ENCODING_HEADER = 'pulsar-io.encoding';

/** Value of {@link ENCODING_HEADER}. */
export const TOMBSTONE = 'null';

/** Latest time of a message, in seconds: what is beyond it is not in seconds. */
const MAX_SECONDS = 8_640_000_000_000;

/** A delivered message as a record: payload as it is, the routing key as key (as Pulsar's connector does it), headers that are text, numbers or booleans as properties. */
export const recordOf = ({ content, fields, properties }: Message): EventRecord => {
  const { headers = {}, messageId, correlationId, contentType, timestamp } = properties;
  const eventTimeMs = Number(timestamp) * 1_000;
  return {
    value: headers[ENCODING_HEADER] === TOMBSTONE ? null : content,
    ...(fields.routingKey !== '' && { key: fields.routingKey }),
    properties: {
      ...textsOf(headers),
      ...given('rabbitmq.message-id', messageId),
      ...given('rabbitmq.correlation-id', correlationId),
      ...given('rabbitmq.content-type', contentType),
    },
    ...(timestamp > 0 && eventTimeMs <= MAX_SECONDS * 1_000 && { eventTimeMs }),
  };
};

/** Id that the producer gave a message, equal for each delivery; undefined where it gave none. */
export const idOf = ({ properties: { messageId } }: Message): string | undefined =>
  typeof messageId === 'string' && messageId !== '' ? messageId : undefined;

const given = (name: string, value: unknown): Record<string, string> =>
  typeof value === 'string' && value !== '' ? { [name]: value } : {};

const textsOf = (headers: MessagePropertyHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name !== ENCODING_HEADER && ['string', 'number', 'boolean', 'bigint'].includes(typeof value)
        ? [[name, String(value)] as const]
        : [],
    ),
  );
