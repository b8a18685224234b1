import type { SchemaDefinition, SchemaTypeName } from '../../core/schema/definition.ts';
import { type KeyValueEncoding, keyValueDefinition } from '../../core/schema/key-value.ts';
import { PulsarError } from '../errors.ts';
import { type Schema, type SchemaInput, SchemaType } from '../protocol/index.ts';
import { propertiesOption, textOption } from './option-values.ts';
import { keyValues } from './register.ts';

/** A schema as the user gives it; the types from `Date` on are additions to npm `pulsar-client`. */
export interface SchemaInfo {
  schemaType: SchemaTypeName;
  /** Default: the type's name. */
  name?: string | undefined;
  /** For Avro and JSON an Avro schema as JSON text. */
  schema?: string | undefined;
  properties?: Record<string, string> | undefined;
  /** An addition: the definition as bytes, where it is not text; wins over `schema`. */
  schemaData?: Uint8Array | undefined;
}

/** Numbers of the types on the wire; null where no schema is sent. */
const wireTypes: Readonly<Record<SchemaTypeName, SchemaType | null>> = {
  None: null,
  Bytes: null,
  AutoPublish: null,
  String: SchemaType.String,
  Json: SchemaType.Json,
  Protobuf: SchemaType.Protobuf,
  Avro: SchemaType.Avro,
  Boolean: SchemaType.Bool,
  Int8: SchemaType.Int8,
  Int16: SchemaType.Int16,
  Int32: SchemaType.Int32,
  Int64: SchemaType.Int64,
  Float32: SchemaType.Float,
  Float64: SchemaType.Double,
  KeyValue: SchemaType.KeyValue,
  ProtobufNative: SchemaType.ProtobufNative,
  AutoConsume: SchemaType.AutoConsume,
  Date: SchemaType.Date,
  Time: SchemaType.Time,
  Timestamp: SchemaType.Timestamp,
  Instant: SchemaType.Instant,
  LocalDate: SchemaType.LocalDate,
  LocalTime: SchemaType.LocalTime,
  LocalDateTime: SchemaType.LocalDateTime,
};

const typeNames = new Map(Object.entries(wireTypes).map(([name, type]) => [type, name as SchemaTypeName]));

/** A user's schema with its defaults. Throws `PulsarError` InvalidConfiguration for an unknown type. */
export function schemaDefinition(info: SchemaInfo): SchemaDefinition {
  if (typeof info !== 'object' || info === null) {
    throw new PulsarError('InvalidConfiguration', 'schema must be an object with a schemaType');
  }
  const { schemaType: type, schemaData } = info;
  if (!Object.hasOwn(wireTypes, type)) throw new PulsarError('InvalidConfiguration', `Unknown schemaType: ${type}`);
  const data = schemaData ?? Buffer.from(textOption(info.schema) ?? '');
  return { type, name: textOption(info.name) ?? type, data, properties: propertiesOption(info.properties) };
}

/** The schema to put in PRODUCER or SUBSCRIBE, if its type has one. Throws as {@link schemaDefinition}. */
export function wireSchema(info: SchemaInfo | undefined): SchemaInput | undefined {
  if (info === undefined) return undefined;
  const { type, name, data, properties } = schemaDefinition(info);
  const wireType = wireTypes[type];
  return wireType === null ? undefined : { name, type: wireType, schemaData: data, properties: keyValues(properties) };
}

/** A schema that a broker gave; types that this client does not know are bytes. */
export function receivedSchema({ type, name, schemaData, properties }: Schema): SchemaDefinition {
  const pairs = properties.map(({ key, value }) => [key, value]);
  return { type: typeNames.get(type) ?? 'Bytes', name, data: schemaData, properties: Object.fromEntries(pairs) };
}

/** A schema in the form that `createProducer` and `subscribe` take. */
export function schemaInfo({ type, name, data, properties }: SchemaDefinition): SchemaInfo {
  const schema = Buffer.from(data).toString();
  return { schemaType: type, name, schema, schemaData: data, properties: { ...properties } };
}

/** An addition: the schema of pairs. `INLINE` (the default) puts both into the value, `SEPARATED` the key into the message's key. */
export function keyValueSchema(pair: {
  key: SchemaInfo;
  value: SchemaInfo;
  encoding?: KeyValueEncoding;
  name?: string;
}): SchemaInfo {
  const { encoding = 'INLINE', name } = pair;
  const parts = { key: schemaDefinition(pair.key), value: schemaDefinition(pair.value), encoding };
  return schemaInfo(keyValueDefinition(parts, name));
}
