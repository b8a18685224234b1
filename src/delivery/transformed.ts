import { PulsarIoError } from '../core/errors.ts';
import { parseWithBigInts } from '../core/exact-json.ts';
import { formatMessageId } from '../core/message-id.ts';
import type { SinkRecord, SourceRecord } from '../core/record.ts';
import type { Transform, TransformRecord } from '../core/transform/transform.ts';
import { type Accepts, decodeRecord, inForm, type Pair, pairInForm, pairOf, textOf } from './decode.ts';
import type { Written } from './written-schemas.ts';

/** The record as the target takes it behind the transformation; undefined: it is dropped. Throws `PIO_RECORD_UNREADABLE` where one of both is not possible. */
export const transformForTarget = (
  record: SinkRecord,
  accepts: Accepts,
  written: Written | undefined,
  transform: Transform,
): SinkRecord | undefined => {
  if (record.unreadable !== undefined) return decodeRecord(record, accepts, written);
  try {
    const before = seenOf(record, written);
    const after = transform(before);
    return after && formed(record, before, after, accepts, written);
  } catch (error) {
    if (error instanceof PulsarIoError) throw error;
    const where = `message ${formatMessageId(record.messageId)} of ${record.topic}`;
    throw new PulsarIoError('PIO_RECORD_UNREADABLE', `transforming ${where}: ${reasonOf(error)}`);
  }
};

/** Only our own errors are known to quote nothing of a record. */
const reasonOf = (error: unknown): string => (error instanceof TypeError ? error.message : 'it is not possible');

const seenOf = (record: SinkRecord, written: Written | undefined): TransformRecord => {
  const { key: messageKey, properties, eventTimeMs, topic, bytes } = record;
  const headers = { messageKey, properties, eventTimeMs, topic };
  if (written?.type !== 'KeyValue')
    return { ...headers, value: written && bytes ? written.codec.decode({ value: bytes }) : structured(bytes) };
  const pair: Pair = pairOf(record, written) ?? { key: undefined, value: null };
  return { ...headers, ...pair, messageKey: pair.key === undefined ? messageKey : textOf(pair.key) };
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** JSON objects and lists as such, other text as text, anything else as it is. */
const structured = (value: unknown): unknown => {
  try {
    const text = value instanceof Uint8Array ? utf8.decode(value) : value;
    return typeof text === 'string' && /^\s*[[{]/.test(text) ? parseWithBigInts(text) : (text ?? null);
  } catch {
    return value;
  }
};

const formed = (
  record: SinkRecord,
  before: TransformRecord,
  after: TransformRecord,
  accepts: Accepts,
  written: Written | undefined,
): SinkRecord => {
  const isSame = after.value === before.value && after.key === before.key;
  const { key: _, eventTimeMs: __, ...read } = isSame ? decodeRecord(record, accepts, written) : record;
  const { messageKey, eventTimeMs, properties, destinationTopic: destination } = after;
  return {
    ...read,
    ...(!isSame && valueIn(after, accepts)),
    properties,
    ...(messageKey !== undefined && { key: messageKey }),
    ...(messageKey !== record.key && { isKeyBase64: false }),
    ...(eventTimeMs !== undefined && { eventTimeMs }),
    ...(destination !== undefined && { destination }),
  };
};

const valueIn = (
  { value, key }: TransformRecord,
  accepts: Accepts,
): Pick<SinkRecord, 'value'> & Partial<SinkRecord> => {
  if (accepts !== 'bytes') return { value: pairInForm({ key, value }, accepts) };
  const text = value instanceof Uint8Array ? value : inForm(value, 'text');
  const bytes = text === null ? null : Buffer.from(text as string);
  return { bytes, value: bytes };
};

/** A source's record behind the transformation; undefined: it is dropped. Throws `TypeError` where it is not possible. */
export const transformForTopic =
  (transform: Transform, topic: string) =>
  (record: SourceRecord): SourceRecord | undefined => {
    const { key: messageKey, properties = {}, eventTimeMs, destinationTopic } = record;
    const before = { value: structured(record.value), messageKey, properties, eventTimeMs, topic, destinationTopic };
    const after = transform(before);
    if (!after) return undefined;
    const { key: _, eventTimeMs: __, destinationTopic: ___, schema, ...rest } = record;
    const isSame = after.value === before.value && after.messageKey === messageKey;
    return {
      ...rest,
      value: after.value === before.value ? record.value : after.value,
      properties: after.properties,
      ...(schema && isSame && { schema }),
      ...(after.messageKey !== undefined && { key: after.messageKey }),
      ...(after.eventTimeMs !== undefined && { eventTimeMs: after.eventTimeMs }),
      ...(after.destinationTopic !== undefined && { destinationTopic: after.destinationTopic }),
    };
  };
