import { PulsarError } from '../errors.ts';
import { type SchemaInput, SchemaType } from '../protocol/index.ts';

/** A schema as the user gives it: a label that travels to the broker; payloads stay bytes. */
export interface SchemaInfo {
  readonly schemaType: string;
  readonly name?: string | undefined;
  readonly schema?: string | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/** Schema types of npm `pulsar-client` by their wire number; null where no schema is sent. */
const wireTypes: Readonly<Record<string, SchemaType | null>> = {
  None: null,
  Bytes: null,
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

/** The schema to put in PRODUCER or SUBSCRIBE, if its type has one. Throws `PulsarError` InvalidConfiguration for an unknown type. */
export function wireSchema(info: SchemaInfo | undefined): SchemaInput | undefined {
  if (info === undefined) return undefined;
  const type = wireTypes[info.schemaType];
  if (type === undefined) throw new PulsarError('InvalidConfiguration', `Unknown schemaType: ${info.schemaType}`);
  if (type === null) return undefined;
  return {
    name: info.name ?? info.schemaType,
    type,
    schemaData: Buffer.from(info.schema ?? ''),
    properties: Object.entries(info.properties ?? {}).map(([key, value]) => ({ key, value })),
  };
}
