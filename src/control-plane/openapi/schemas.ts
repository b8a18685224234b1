import type { TObject } from '@sinclair/typebox';
import type { Catalogue, ConnectorType } from '../../core/connector-type.ts';
import { kindRulesOf } from '../config/kind-rules.ts';
import { typesOf } from '../config/package-choice.ts';
import type { JsonSchema } from '../config/readers.ts';
import type { KindWords } from '../kind-words.ts';

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const object = (properties: JsonSchema, required: readonly string[] = Object.keys(properties)): JsonSchema => ({
  type: 'object',
  properties,
  required,
});

/** What every refusal says. */
export const REASON = object({ reason: { ...text, minLength: 1 } });

/** Names in a namespace. */
export const NAMES: JsonSchema = { type: 'array', items: text };

/** Connector types. */
export const BUILTINS: JsonSchema = {
  type: 'array',
  items: { ...object({ name: text, description: text }), additionalProperties: true },
};

/** Keys of a connector type. */
export const FIELD_DEFINITIONS: JsonSchema = {
  type: 'array',
  items: object({ fieldName: text, typeName: text, attributes: { type: 'object', additionalProperties: text } }),
};

const EXCEPTIONS: JsonSchema = { type: 'array', items: object({ exceptionString: text, timestampMs: count }) };

/** Status of one instance. */
export const instanceStatusSchema = ({ kind, title }: KindWords): JsonSchema => {
  const [received, written] =
    kind === 'source' ? ['numReceivedFromSource', 'numWritten'] : ['numReadFromPulsar', 'numWrittenToSink'];
  const counters = {
    running: { type: 'boolean' },
    error: text,
    numRestarts: count,
    [received]: count,
    numSystemExceptions: count,
    [`num${title}Exceptions`]: count,
    [written]: count,
    lastReceivedTime: count,
  };
  const lists = { latestSystemExceptions: EXCEPTIONS, [`latest${title}Exceptions`]: EXCEPTIONS, workerId: text };
  return object({ ...counters, ...lists }, Object.keys(counters));
};

/** Status of all instances. */
export const statusSchema = (words: KindWords): JsonSchema =>
  object({
    numInstances: count,
    numRunning: count,
    instances: { type: 'array', items: object({ instanceId: count, status: instanceStatusSchema(words) }) },
  });

/** A configuration as it is sent: the fields of the kind, and `configs` by connector type. */
export const configSchema = (catalogue: Catalogue, words: KindWords): JsonSchema => ({
  ...kindRulesOf(words.kind).read.schema,
  anyOf: typesOf(catalogue, words).map((type) => ({
    title: type.name,
    description: type.summary,
    properties: {
      archive: { const: `builtin://${type.name}` },
      processingGuarantees: { enum: type.guarantees },
      configs: typeConfigSchema(type),
    },
  })),
});

/** The schema of a type's own keys, sensitive ones marked `writeOnly`. */
export const typeConfigSchema = ({ config }: ConnectorType): JsonSchema =>
  plain(JSON.parse(JSON.stringify(config satisfies TObject))) as JsonSchema;

/** Without the notes that are ours: `secret` becomes OpenAPI's word for a value that is never answered. */
const plain = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(plain);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { secret, pulsar: _, ...rest } = schema as Record<string, unknown>;
  const entries = Object.entries(rest).map(([key, value]) => [key, plain(value)] as const);
  return { ...Object.fromEntries(entries), ...(secret === true && { writeOnly: true }) };
};

const FINDINGS: JsonSchema = {
  type: 'array',
  items: object(
    { side: { enum: ['configuration', 'pulsar', 'system'] }, ok: { type: 'boolean' }, what: text, advice: text },
    ['side', 'ok', 'what'],
  ),
};

/** What a check found. */
export const CHECKED = object({ ok: { type: 'boolean' }, findings: FINDINGS });

/** What a preview read. */
export const PREVIEWED = object({ findings: FINDINGS, records: { type: 'array', items: { type: 'object' } } });

const number = { type: 'number', minimum: 0 };
const COST_SUM = object({
  usd: number,
  items: { type: 'array', items: object({ item: text, quantity: number, unit: text, usd: number }) },
});

/** What a connector costs. */
export const COST = object({
  currency: text,
  pricesOf: text,
  perMillionRecords: COST_SUM,
  perIdleMonth: COST_SUM,
  deploymentPerMonth: COST_SUM,
  assumptions: { type: 'object' },
  measured: { type: 'object' },
});
