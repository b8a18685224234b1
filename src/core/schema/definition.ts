/** Pulsar's schema types, by the names of npm `pulsar-client` and, from `Date` on, of the Java client. */
export type SchemaTypeName =
  | 'None'
  | 'String'
  | 'Json'
  | 'Protobuf'
  | 'Avro'
  | 'Boolean'
  | 'Int8'
  | 'Int16'
  | 'Int32'
  | 'Int64'
  | 'Float32'
  | 'Float64'
  | 'KeyValue'
  | 'ProtobufNative'
  | 'Bytes'
  | 'AutoConsume'
  | 'AutoPublish'
  | 'Date'
  | 'Time'
  | 'Timestamp'
  | 'Instant'
  | 'LocalDate'
  | 'LocalTime'
  | 'LocalDateTime';

/** A schema as it is registered with a topic. */
export interface SchemaDefinition {
  readonly type: SchemaTypeName;
  readonly name: string;
  /** For Avro and JSON an Avro schema as JSON text, for KeyValue both schemas (see `keyValueParts`), for primitives empty. */
  readonly data: Uint8Array;
  readonly properties: Readonly<Record<string, string>>;
}

/** What of a message belongs to its value: the bytes, and those of the key where a KeyValue schema separates them. */
export interface MessageBytes {
  readonly value: Uint8Array | null;
  readonly key?: Uint8Array | null | undefined;
}

/** Turns values into bytes and back. Both throw `TypeError` (what is expected, never the value) for what does not fit the schema. */
export interface BytesCodec {
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

/** Turns a message's value into its bytes and back; null stands for a null value. Throws as {@link BytesCodec}. */
export interface MessageCodec {
  encode(value: unknown): MessageBytes;
  decode(bytes: MessageBytes): unknown;
}
