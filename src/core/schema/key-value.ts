import type { BytesCodec, MessageBytes, MessageCodec, SchemaDefinition, SchemaTypeName } from './definition.ts';

/** `INLINE`: both in the value. `SEPARATED`: the key is the message's key. */
export type KeyValueEncoding = 'INLINE' | 'SEPARATED';

/** The two schemas of a KeyValue schema, and how they are put into a message. */
export interface KeyValueParts {
  readonly key: SchemaDefinition;
  readonly value: SchemaDefinition;
  readonly encoding: KeyValueEncoding;
}

/** Java's names of the schema types, as KeyValue's properties and configurations carry them. */
const JAVA_NAMES: Readonly<Record<string, SchemaTypeName>> = {
  NONE: 'None',
  BYTES: 'Bytes',
  STRING: 'String',
  JSON: 'Json',
  PROTOBUF: 'Protobuf',
  AVRO: 'Avro',
  BOOLEAN: 'Boolean',
  INT8: 'Int8',
  INT16: 'Int16',
  INT32: 'Int32',
  INT64: 'Int64',
  FLOAT: 'Float32',
  DOUBLE: 'Float64',
  DATE: 'Date',
  TIME: 'Time',
  TIMESTAMP: 'Timestamp',
  INSTANT: 'Instant',
  LOCAL_DATE: 'LocalDate',
  LOCAL_TIME: 'LocalTime',
  LOCAL_DATE_TIME: 'LocalDateTime',
  PROTOBUF_NATIVE: 'ProtobufNative',
  KEY_VALUE: 'KeyValue',
};

/** The type that Java calls so, in any case; undefined when there is none, or it stands for no schema of its own. */
export const schemaTypeOf = (javaName: string): SchemaTypeName | undefined => JAVA_NAMES[javaName.toUpperCase()];

const javaName = (type: SchemaTypeName): string =>
  Object.keys(JAVA_NAMES).find((name) => JAVA_NAMES[name] === type) ?? 'BYTES';

const framed = (parts: readonly (Uint8Array | null)[]): Buffer =>
  Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(part?.length ?? -1);
      return part === null ? [length] : [length, part];
    }),
  );

/** Two parts behind their lengths; -1 stands for null. Throws `TypeError` for bytes that end elsewhere. */
const unframed = (bytes: Uint8Array, what: string): [Buffer | null, Buffer | null] => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let offset = 0;
  const next = (): Buffer | null => {
    if (offset + 4 > buffer.length) throw new TypeError(`${what} is cut off`);
    const length = buffer.readInt32BE(offset);
    offset += 4;
    if (length < -1 || length > buffer.length - offset) throw new TypeError(`${what} is cut off`);
    if (length === -1) return null;
    offset += length;
    return buffer.subarray(offset - length, offset);
  };
  return [next(), next()];
};

const partProperties = (role: 'key' | 'value', { name, type, properties }: SchemaDefinition) => ({
  [`${role}.schema.name`]: name,
  [`${role}.schema.type`]: javaName(type),
  [`${role}.schema.properties`]: JSON.stringify(properties),
});

/** The schema that the broker stores for a pair (PULSAR-WIRE 5.11). */
export const keyValueDefinition = ({ key, value, encoding }: KeyValueParts, name = 'KeyValue'): SchemaDefinition => ({
  type: 'KeyValue',
  name,
  data: framed([key.data, value.data]),
  properties: {
    ...partProperties('key', key),
    ...partProperties('value', value),
    'kv.encoding.type': encoding,
  },
});

const partOf = (role: 'key' | 'value', data: Uint8Array | null, properties: SchemaDefinition['properties']) => ({
  type: JAVA_NAMES[properties[`${role}.schema.type`] ?? ''] ?? 'Bytes',
  name: properties[`${role}.schema.name`] ?? '',
  data: data ?? new Uint8Array(0),
  properties: JSON.parse(properties[`${role}.schema.properties`] || '{}') as Record<string, string>,
});

/** The two schemas in a KeyValue schema. Throws `TypeError` for one that is malformed. */
export const keyValueParts = ({ data, properties }: SchemaDefinition): KeyValueParts => {
  const [key, value] = unframed(data, 'the KeyValue schema');
  try {
    return {
      key: partOf('key', key, properties),
      value: partOf('value', value, properties),
      encoding: properties['kv.encoding.type'] === 'SEPARATED' ? 'SEPARATED' : 'INLINE',
    };
  } catch {
    throw new TypeError('the properties of the KeyValue schema are not JSON');
  }
};

const encodePart = (codec: BytesCodec, value: unknown): Uint8Array | null =>
  value === null || value === undefined ? null : codec.encode(value);
const decodePart = (codec: BytesCodec, bytes: Uint8Array | null | undefined): unknown =>
  bytes === null || bytes === undefined ? null : codec.decode(bytes);

/** Values are `{ key, value }`; either may be null. */
export const keyValueCodec = (key: BytesCodec, value: BytesCodec, encoding: KeyValueEncoding): MessageCodec => ({
  encode: (pair): MessageBytes => {
    if (pair === null || pair === undefined) return { value: null };
    if (typeof pair !== 'object' || !('key' in pair) || !('value' in pair)) {
      throw new TypeError('KeyValue takes { key, value }');
    }
    const parts = { key: encodePart(key, pair.key), value: encodePart(value, pair.value) };
    return encoding === 'SEPARATED' ? parts : { value: framed([parts.key, parts.value]) };
  },
  decode: (bytes) => {
    if (encoding === 'SEPARATED') return { key: decodePart(key, bytes.key), value: decodePart(value, bytes.value) };
    if (bytes.value === null) return null;
    const [keyBytes, valueBytes] = unframed(bytes.value, 'the KeyValue value');
    return { key: decodePart(key, keyBytes), value: decodePart(value, valueBytes) };
  },
});
