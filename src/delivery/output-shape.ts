import { parseWithBigInts } from '../core/exact-json.ts';
import type { SourceRecord } from '../core/record.ts';
import { messageCodec } from '../core/schema/codec.ts';
import type { SchemaDefinition } from '../core/schema/definition.ts';

/** What the records of a source become before they are published. */
export interface OutputShape {
  /** Registered with the topic; undefined: none. */
  readonly schema?: SchemaDefinition | undefined;
  /** Makes another record of a record before it is encoded; undefined: it is dropped. Throws `TypeError` where it cannot. */
  readonly transform?: ((record: SourceRecord) => SourceRecord | undefined) | undefined;
  /** The full name of the topic that a record names as its destination; undefined: the output topic. Throws `TypeError` for one that it may not go to. */
  readonly destinationOf?: ((named: string) => string | undefined) | undefined;
  /** True: a record's own schema is registered with the topic it goes to. */
  readonly takesSchemas?: boolean;
  /** Bytes of a value, null for a tombstone. Throws `TypeError` for what the schema does not take. */
  encode(value: unknown): Uint8Array | null;
}

/** Where a record goes, by its full name; undefined: to the output topic. Throws as `destinationOf`. */
export const destinationFor = (
  { destinationOf }: OutputShape,
  { destinationTopic }: SourceRecord,
): string | undefined => (destinationTopic === undefined ? undefined : destinationOf?.(destinationTopic));

/** Bytes of a record's value: bytes as they are, text as UTF-8, anything else as JSON, null as a tombstone. */
export const encodeValue = (value: unknown): Uint8Array | null => {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return value;
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value), 'utf8');
};

/** Records as they are, with no schema. */
export const PLAIN_SHAPE: OutputShape = { encode: encodeValue };

/** Records as values of a schema: what a source gives as bytes or text is taken for JSON, except under String. Rejects with `TypeError` for a schema that is none. */
export const outputShape = async (schema: SchemaDefinition | undefined): Promise<OutputShape> => {
  if (!schema) return PLAIN_SHAPE;
  const codec = await messageCodec(schema);
  const toValue = schema.type === 'String' ? asText : asJson;
  return {
    schema,
    encode: (value) => (value === null || value === undefined ? null : codec.encode(toValue(value)).value),
  };
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

const asText = (value: unknown): unknown => {
  if (typeof value === 'string') return value;
  return utf8.decode(encodeValue(value) as Uint8Array);
};

const asJson = (value: unknown): unknown => {
  const text = value instanceof Uint8Array ? utf8.decode(value) : value;
  if (typeof text !== 'string') return value;
  try {
    return parseWithBigInts(text);
  } catch {
    throw new TypeError('the record is not JSON'); // no cause: its message quotes the payload
  }
};
