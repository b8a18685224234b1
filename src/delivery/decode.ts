import { PulsarIoError } from '../core/errors.ts';
import { parseWithBigInts } from '../core/exact-json.ts';
import { formatMessageId } from '../core/message-id.ts';
import type { SinkRecord } from '../core/record.ts';
import { jsonText } from '../core/schema/json-text.ts';
import type { Written } from './written-schemas.ts';

/** Form of the value that a sink type takes. */
export type Accepts = 'bytes' | 'text' | 'fields';

/**
 * The record with its `value` in that form, read by the schema that it was written with; `written` absent: its bytes are text or JSON. Integers that a double cannot
 * hold are BigInt. Of a KeyValue, key and value are both fields, as in Pulsar, and the key is the record's. Throws `PIO_RECORD_UNREADABLE`.
 */
export const decodeRecord = (record: SinkRecord, accepts: Accepts, written?: Written): SinkRecord => {
  try {
    if (record.unreadable !== undefined) throw new TypeError(record.unreadable);
    if (accepts === 'bytes') return { ...record, value: record.bytes };
    if (written?.type === 'KeyValue') return decodePair(record, accepts, written);
    return { ...record, value: record.bytes === null ? null : decodeValue(record.bytes, accepts, written) };
  } catch (cause) {
    throw unreadable(record, accepts, cause, written);
  }
};

const decodeValue = (bytes: Buffer, accepts: 'text' | 'fields', written: Written | undefined): unknown => {
  if (written) return inForm(written.codec.decode({ value: bytes }), accepts);
  const text = utf8.decode(bytes);
  return accepts === 'text' ? text : fieldsOf(parseWithBigInts(text));
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A value in the form that a type takes; null is null. Throws `TypeError` where it has none. */
export const inForm = (value: unknown, accepts: 'text' | 'fields'): unknown => {
  if (value === null || value === undefined) return null;
  if (accepts === 'text') return textOf(value);
  if (value instanceof Uint8Array) return fieldsOf(parseWithBigInts(utf8.decode(value)));
  return fieldsOf(typeof value === 'string' ? parseWithBigInts(value) : value);
};

/** A value as text: itself, or its JSON. */
export const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? utf8.decode(value) : jsonText(value);
};

const fieldsOf = (value: unknown): object => {
  if (isFields(value)) return value;
  throw new TypeError('it is JSON, but not an object with fields');
};

const isFields = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** Both parts of a KeyValue. */
export interface Pair {
  readonly key: unknown;
  readonly value: unknown;
}

/** The KeyValue of a record: the key is in the message's key (SEPARATED), or both are in the payload (INLINE). */
export const pairOf = ({ bytes, key, isKeyBase64 }: SinkRecord, { codec }: Written): Pair | null => {
  const keyBytes = key === undefined ? null : Buffer.from(key, isKeyBase64 ? 'base64' : 'utf8');
  return codec.decode({ value: bytes, key: keyBytes }) as Pair | null;
};

const decodePair = (record: SinkRecord, accepts: 'text' | 'fields', written: Written): SinkRecord => {
  const pair = pairOf(record, written);
  if (pair === null) return { ...record, value: null };
  const { isKeyBase64: _, ...rest } = record;
  const named = pair.key === null ? rest : { ...rest, key: textOf(pair.key) };
  return { ...named, value: pairInForm(pair, accepts) };
};

/** The value of a pair in the form that a type takes, with the fields of its key. */
export const pairInForm = ({ key, value }: Pair, accepts: 'text' | 'fields'): unknown => {
  const form = inForm(value, accepts);
  return accepts === 'fields' && form !== null && isFields(key) ? { ...(form as object), ...key } : form;
};

const unreadable = (
  record: SinkRecord,
  accepts: Accepts,
  cause: unknown,
  written: Written | undefined,
): PulsarIoError => {
  const { topic, messageId, unreadable: reason } = record;
  const wanted = accepts === 'fields' ? 'a JSON object' : 'UTF-8 text';
  const ofSchema = written ? ` of its schema, ${written.type}, or not with fields` : '';
  const problem =
    reason === undefined ? `is not ${ofSchema === '' ? wanted : `a value${ofSchema}`}` : `cannot be read: ${reason}`;
  const message = `message ${formatMessageId(messageId)} of ${topic} ${problem}`;
  return new PulsarIoError('PIO_RECORD_UNREADABLE', message, { cause });
};
