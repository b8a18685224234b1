import type { SourceConfig } from './connector.ts';
import { PulsarIoError } from './errors.ts';
import { runtimeOptions } from './runtime-options.ts';
import type { SchemaDefinition, SchemaTypeName } from './schema/definition.ts';
import { schemaTypeOf } from './schema/key-value.ts';

const UNREGISTERED: ReadonlySet<SchemaTypeName> = new Set(['None', 'Bytes', 'AutoConsume', 'AutoPublish', 'Protobuf']);
const STRUCTURED: ReadonlySet<SchemaTypeName> = new Set(['Json', 'Avro']);

/**
 * The schema that a source registers with its topic, by its `schemaType`; undefined: none. A JSON or Avro schema is that of `schema` in `customRuntimeOptions`, or what
 * the type says of its records, `recordSchema`. Throws `PIO_CONFIG_INVALID` with what would be right.
 */
export const outputSchemaOf = (config: SourceConfig, recordSchema?: object): SchemaDefinition | undefined => {
  const { schemaType = '' } = config;
  const { schema } = runtimeOptions(config);
  const type = schemaTypeOf(schemaType);
  if (type === undefined || UNREGISTERED.has(type)) {
    if (schema !== undefined) throw invalid('"schema" in customRuntimeOptions needs the schemaType JSON or AVRO');
    return undefined;
  }
  if (type === 'KeyValue' || type === 'ProtobufNative')
    throw invalid(`schemaType ${schemaType} cannot be written by a source here: use JSON, AVRO, STRING or a primitive`);
  const text = schema ?? (recordSchema && JSON.stringify(recordSchema));
  if (!STRUCTURED.has(type)) {
    if (schema !== undefined)
      throw invalid(`"schema" in customRuntimeOptions does not go with schemaType ${schemaType}`);
    return { type, name: type, data: new Uint8Array(), properties: {} };
  }
  if (text === undefined)
    throw invalid(
      `schemaType ${schemaType} needs the records' schema: give it as Avro schema in JSON text, "schema" in customRuntimeOptions`,
    );
  return { type, name: nameIn(text), data: Buffer.from(text), properties: {} };
};

const nameIn = (text: string): string => {
  try {
    const { type, name } = JSON.parse(text) as { readonly type?: unknown; readonly name?: unknown };
    if (type === 'record' && typeof name === 'string') return name;
  } catch {
    // told below, without the text
  }
  throw invalid('"schema" in customRuntimeOptions must be an Avro schema of the type record, as JSON text');
};

const invalid = (message: string): PulsarIoError => new PulsarIoError('PIO_CONFIG_INVALID', message);
