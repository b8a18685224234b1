import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { MessageAttributeValue, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import { PulsarIoError } from '../../core/errors.ts';
import type { SinkRecord } from '../../core/record.ts';
import { splitList } from '../config.ts';
import { recordId } from '../record-id.ts';
import { isFifo, type SqsSinkConfig } from './config.ts';
import { type BodyEncoding, ENCODING_ATTRIBUTE } from './messages.ts';

/** Largest message, and largest sum of a batch, with attributes (AWS: SendMessageBatch, 1 MiB). */
export const MAX_BYTES = 1024 * 1024;

/** A record in the form that SQS takes. */
export interface Entry {
  readonly fields: Omit<SendMessageBatchRequestEntry, 'Id'>;
  readonly bytes: number;
  /** Message group of a FIFO queue, within which the order is kept. */
  readonly group: string | undefined;
}

/** What SQS refuses in bodies and attributes: control characters but tab and line ends, and the last two of Unicode's first plane. Lone surrogates are no UTF-8. */
const NOT_CARRIED = /[^\t\n\r\u0020-\uFFFD]/;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The record as an entry of a batch: payload as text where SQS can carry it as it is, else as base64 with an attribute that says so, which our source reads. Throws
 * `PIO_RECORD_TOO_LARGE`, `PIO_SINK_REJECTED`.
 */
export const entryOf = (record: SinkRecord, config: SqsSinkConfig): Entry => {
  const { text, encoding } = bodyOf(record.bytes);
  const attributes = attributesOf(record, encoding, config);
  const bytes = Buffer.byteLength(text) + sizeOf(attributes);
  if (bytes > MAX_BYTES)
    throw new PulsarIoError(
      'PIO_RECORD_TOO_LARGE',
      `${recordId(record)} has ${bytes} bytes as an SQS message; at most ${MAX_BYTES} are taken`,
    );
  const fields = {
    MessageBody: text,
    ...(Object.keys(attributes).length > 0 && { MessageAttributes: attributes }),
  };
  if (!isFifo(config)) return { fields, bytes, group: undefined };
  const group = groupOf(record.key ?? record.topic);
  // The same for every attempt at a record: SQS then keeps one of those that come within five minutes.
  const MessageDeduplicationId = sha256(recordId(record));
  return { fields: { ...fields, MessageGroupId: group, MessageDeduplicationId }, bytes, group };
};

const bodyOf = (bytes: Buffer | null): { readonly text: string; readonly encoding?: BodyEncoding } => {
  if (bytes === null) return { text: 'null', encoding: 'null' };
  const text = isUtf8(bytes) ? bytes.toString('utf8') : undefined;
  if (text !== undefined && text !== '' && !NOT_CARRIED.test(text)) return { text };
  // SQS takes no empty body; base64 ignores white space.
  return { text: bytes.length === 0 ? ' ' : bytes.toString('base64'), encoding: 'base64' };
};

const attributesOf = (
  record: SinkRecord,
  encoding: BodyEncoding | undefined,
  { keyAttribute, propertyAttributes }: SqsSinkConfig,
): Record<string, MessageAttributeValue> => {
  const named = splitList(propertyAttributes).map((name) => [name, record.properties[name]] as const);
  const all = [...named, [keyAttribute, record.key] as const, [ENCODING_ATTRIBUTE, encoding] as const];
  const attributes: Record<string, MessageAttributeValue> = {};
  for (const [name, StringValue] of all) {
    if (name === undefined || StringValue === undefined || StringValue === '') continue;
    if (NOT_CARRIED.test(StringValue))
      throw new PulsarIoError(
        'PIO_SINK_REJECTED',
        `${recordId(record)}: its ${name} holds a control character, which SQS takes in no attribute`,
      );
    attributes[name] = { DataType: 'String', StringValue };
  }
  return attributes;
};

const sizeOf = (attributes: Readonly<Record<string, MessageAttributeValue>>): number => {
  let bytes = 0;
  for (const [name, { DataType = '', StringValue = '' }] of Object.entries(attributes))
    bytes += Buffer.byteLength(name) + DataType.length + Buffer.byteLength(StringValue);
  return bytes;
};

/** SQS takes up to 128 letters, digits and punctuation; another key is named by its hash. */
const groupOf = (key: string): string => (/^[!-~]{1,128}$/.test(key) ? key : sha256(key));
