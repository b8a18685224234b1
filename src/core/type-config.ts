import type { TObject } from '@sinclair/typebox';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { Problem } from './connector-type.ts';

/** A connector's `configs` as its type understands them, or every reason why it cannot. */
export interface ResolvedConfig {
  /** Coerced and with defaults filled in: what `check` and `open` take. Not usable when there are problems. */
  readonly config: Record<string, unknown>;
  readonly problems: readonly Problem[];
}

/**
 * Reads a connector's `configs` against the schema of its type. As Pulsar's Jackson does, text that holds a number or a boolean counts as
 * one, and null as absent; unlike it, an unknown key is a problem. `configs` is not changed. Pure.
 */
export const resolveConfig = (schema: TObject, configs: Readonly<Record<string, unknown>>): ResolvedConfig => {
  const config = structuredClone(Object.fromEntries(Object.entries(configs).filter(([, value]) => value !== null)));
  const unknown = unknownKeys(schema, config);
  const validate = validatorOf(schema);
  const problems = validate(config) ? unknown : [...unknown, ...describe(validate.errors ?? [])];
  return { config, problems };
};

/** Top-level keys that the schema marks as sensitive: they may come from the connector's `secrets`. */
export const secretKeys = (schema: TObject): string[] =>
  Object.entries(schema.properties).flatMap(([key, { secret }]) => (secret === true ? [key] : []));

const validators = new WeakMap<TObject, ValidateFunction>();

const validatorOf = (schema: TObject): ValidateFunction => {
  const known = validators.get(schema);
  if (known) return known;
  const ajv = new Ajv({ allErrors: true, coerceTypes: true, useDefaults: true, verbose: true, strict: false });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  validators.set(schema, validate);
  return validate;
};

const unknownKeys = (schema: TObject, config: Readonly<Record<string, unknown>>): Problem[] => {
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== false) return [];
  const known = Object.keys(schema.properties);
  return Object.keys(config)
    .filter((key) => !known.includes(key))
    .map((key) => ({ path: `/configs/${pointer(key)}`, message: `is not known; known are ${known.join(', ')}` }));
};

const pointer = (key: string): string => key.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1');

const describe = (errors: readonly ErrorObject[]): Problem[] => {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf').map(({ schemaPath }) => `${schemaPath}/`);
  const told = errors.filter(({ keyword, schemaPath }) => {
    return keyword !== 'additionalProperties' || !schemaPath.startsWith('#/additionalProperties')
      ? !unions.some((union) => schemaPath.startsWith(union))
      : false;
  });
  return told.map((error) => ({ path: pathOf(error), message: messageOf(error) }));
};

const pathOf = ({ keyword, instancePath, params }: ErrorObject): string =>
  keyword === 'required' ? `/configs${instancePath}/${pointer(params.missingProperty)}` : `/configs${instancePath}`;

const messageOf = ({ keyword, params, parentSchema, message }: ErrorObject): string => {
  if (keyword === 'required') return 'is required';
  if (keyword === 'enum') return `must be one of ${params.allowedValues.join(', ')}`;
  if (keyword === 'const') return `must be ${params.allowedValue}`;
  if (keyword === 'additionalProperties') return `has the unknown key ${params.additionalProperty}`;
  const choices: unknown[] = keyword === 'anyOf' ? (parentSchema?.anyOf ?? []) : [];
  const constants = choices.flatMap((choice) => (hasConst(choice) ? [String(choice.const)] : []));
  return constants.length > 0 ? `must be one of ${constants.join(', ')}` : (message ?? 'is not valid');
};

const hasConst = (schema: unknown): schema is { const: unknown } =>
  typeof schema === 'object' && schema !== null && 'const' in schema;
