import type { TObject, TSchema } from '@sinclair/typebox';
import type { FieldNotes } from '../../core/connector-type.ts';

/** Pulsar's `ConfigFieldDefinition`; attributes are texts. */
export interface FieldDefinition {
  readonly fieldName: string;
  /** Java type name. */
  readonly typeName: string;
  readonly attributes: Readonly<Record<'help' | 'defaultValue' | 'sensitive' | 'required', string>>;
}

/** Definitions of the keys of a connector's config, in the order of its schema (PULSAR-ADMIN-CONTRACT 11). */
export const fieldDefinitions = (schema: TObject): FieldDefinition[] =>
  Object.entries(schema.properties).map(([fieldName, field]) => {
    const { secret = false, pulsar } = field as TSchema & FieldNotes;
    const required = pulsar?.required ?? (schema.required?.includes(fieldName) === true && field.default === undefined);
    return {
      fieldName,
      typeName: pulsar?.type ?? javaTypeOf(field),
      attributes: {
        help: pulsar?.help ?? field.description ?? '',
        defaultValue: pulsar?.default ?? textOf(field.default),
        sensitive: String(secret),
        required: String(required),
      },
    };
  });

const textOf = (value: unknown): string => {
  if (value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

const JAVA_TYPES: Readonly<Record<string, string>> = {
  string: 'java.lang.String',
  integer: 'long',
  number: 'double',
  boolean: 'boolean',
};

/** The Java type that Pulsar's own connectors would use for such a key. */
const javaTypeOf = (schema: TSchema): string => {
  if (schema.type === 'array') return `java.util.List<${boxed(schema.items ?? {})}>`;
  if (schema.type !== 'object') return JAVA_TYPES[schema.type] ?? 'java.lang.String';
  const [values] = Object.values<TSchema>(schema.patternProperties ?? {});
  return `java.util.Map<java.lang.String, ${values ? boxed(values) : 'java.lang.Object'}>`;
};

const BOXED: Readonly<Record<string, string>> = {
  long: 'java.lang.Long',
  double: 'java.lang.Double',
  boolean: 'java.lang.Boolean',
};

const boxed = (schema: TSchema): string => {
  const name = javaTypeOf(schema);
  return BOXED[name] ?? name;
};
