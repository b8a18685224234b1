import { avroCodec } from './avro-codec.ts';
import type { BytesCodec, MessageCodec, SchemaDefinition } from './definition.ts';
import { jsonCodec } from './json-codec.ts';
import { keyValueCodec, keyValueParts } from './key-value.ts';
import { bytesCodec, primitiveCodecs } from './primitive-codecs.ts';
import { protobufCodec } from './protobuf-codec.ts';

const textOf = ({ data }: SchemaDefinition): string => Buffer.from(data).toString('utf8');

/** A reader's Avro schema, where reader and writer are both Avro and the reader gave one. */
const readerText = (reader: SchemaDefinition | undefined): string | undefined =>
  reader?.type === 'Avro' && reader.data.length > 0 ? textOf(reader) : undefined;

const bytesCodecFor = async (schema: SchemaDefinition, reader?: SchemaDefinition): Promise<BytesCodec> => {
  if (schema.type === 'Avro') return avroCodec(textOf(schema), readerText(reader));
  if (schema.type === 'Json') return jsonCodec;
  if (schema.type === 'ProtobufNative') return protobufCodec(textOf(schema));
  if (schema.type === 'KeyValue') throw new TypeError('a KeyValue schema within another is not supported');
  return primitiveCodecs[schema.type] ?? bytesCodec;
};

const nullable = (codec: BytesCodec): MessageCodec => ({
  encode: (value) => ({ value: value === null || value === undefined ? null : codec.encode(value) }),
  decode: ({ value }) => (value === null ? null : codec.decode(value)),
});

/**
 * How values of a schema become bytes and back. `reader`: what the one who reads expects, where its Avro schema differs from the one
 * that was written with. `Protobuf`, `Bytes` and no schema are bytes. Rejects with `TypeError` for a schema that is not valid.
 */
export const messageCodec = async (schema: SchemaDefinition, reader?: SchemaDefinition): Promise<MessageCodec> => {
  if (schema.type !== 'KeyValue') return nullable(await bytesCodecFor(schema, reader));
  const parts = keyValueParts(schema);
  const expected = reader?.type === 'KeyValue' && reader.data.length > 0 ? keyValueParts(reader) : undefined;
  const [key, value] = await Promise.all([
    bytesCodecFor(parts.key, expected?.key),
    bytesCodecFor(parts.value, expected?.value),
  ]);
  return keyValueCodec(key, value, parts.encoding);
};
