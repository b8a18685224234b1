import type { Message } from '@aws-sdk/client-sqs';
import type { EventRecord, QueueMessage } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { SqsSourceConfig } from './config.ts';

/** Message attribute of our sink that says how a body is written that SQS cannot carry as it is. */
export const ENCODING_ATTRIBUTE = 'pulsar-io.encoding';

/** `base64`, or `null` for a tombstone. */
export type BodyEncoding = 'base64' | 'null';

/** A message attribute as the source looks at it. */
interface Attribute {
  readonly type: string;
  readonly text: string | undefined;
}

/** A message, whoever received it: we, or Lambda. */
interface Received {
  readonly messageId: string;
  readonly receipt: string;
  readonly body: string;
  readonly system: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A message of `ReceiveMessage`. */
export const messageOf = (message: Message, config: SqsSourceConfig): QueueMessage => {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(
    ([name, { DataType = '', StringValue }]) => [name, { type: DataType, text: StringValue }] as const,
  );
  const received: Received = {
    messageId: message.MessageId ?? '',
    receipt: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    system: message.Attributes ?? {},
    attributes: Object.fromEntries(attributes),
  };
  return queueMessageOf(received, config);
};

/** Messages of the event that Lambda sends for a queue (AWS: "Using Lambda with Amazon SQS"). Throws `PIO_REQUEST_INVALID` for any other shape. */
export const messagesOfEvent = (event: unknown, config: SqsSourceConfig): readonly QueueMessage[] => {
  const records: unknown = (event as { Records?: unknown } | null)?.Records;
  if (!Array.isArray(records) || records.length === 0) throw notAnEvent('it has no Records');
  const messages = records.map((record) => queueMessageOf(receivedOf(record), config));
  if (new Set(messages.map(({ receipt }) => receipt)).size < messages.length)
    throw notAnEvent('it names a message twice');
  return messages;
};

const notAnEvent = (why: string): PulsarIoError =>
  new PulsarIoError('PIO_REQUEST_INVALID', `this is not an event of an SQS queue: ${why}`);

const receivedOf = (record: unknown): Received => {
  const { messageId, body, attributes, messageAttributes, eventSource } = (record ?? {}) as Record<string, unknown>;
  if (eventSource !== 'aws:sqs') throw notAnEvent('a record is of another event source');
  if (typeof messageId !== 'string' || messageId === '') throw notAnEvent('a record has no messageId');
  if (typeof body !== 'string') throw notAnEvent('a record has no body');
  const given = (messageAttributes ?? {}) as Record<string, { dataType?: string; stringValue?: string }>;
  return {
    messageId,
    // Lambda is answered by message id.
    receipt: messageId,
    body,
    system: (attributes ?? {}) as Record<string, string>,
    attributes: Object.fromEntries(
      Object.entries(given).map(([name, it]) => [name, { type: it.dataType ?? '', text: it.stringValue }]),
    ),
  };
};

const queueMessageOf = (received: Received, config: SqsSourceConfig): QueueMessage => ({
  record: recordOf(received, config),
  receipt: received.receipt,
  id: config.idFrom === undefined ? received.messageId : textOf(received, config.idFrom),
});

const textOf = ({ attributes }: Received, name: string): string | undefined => attributes[name]?.text || undefined;

const recordOf = (received: Received, { keyFrom }: SqsSourceConfig): EventRecord => {
  const { body, system, attributes, messageId } = received;
  const key = system.MessageGroupId ?? (keyFrom === undefined ? undefined : textOf(received, keyFrom));
  const sentMs = Number(system.SentTimestamp);
  const texts = Object.entries(attributes).flatMap(([name, { type, text }]) =>
    text === undefined || type.startsWith('Binary') || name === ENCODING_ATTRIBUTE ? [] : [[name, text] as const],
  );
  return {
    value: bodyOf(body, attributes[ENCODING_ATTRIBUTE]?.text),
    properties: { ...Object.fromEntries(texts), 'sqs.message-id': messageId },
    ...(key !== undefined && { key }),
    ...(Number.isSafeInteger(sentMs) && { eventTimeMs: sentMs }),
  };
};

const bodyOf = (body: string, encoding: string | undefined): string | Buffer | null => {
  if (encoding === ('null' satisfies BodyEncoding)) return null;
  return encoding === ('base64' satisfies BodyEncoding) ? Buffer.from(body, 'base64') : body;
};
