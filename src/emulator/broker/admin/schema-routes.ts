import { SchemaType } from '../../../pulsar/protocol/enums.ts';
import { AdminError } from '../errors.ts';
import { isFullyCompatible } from '../schema-compatibility.ts';
import type { SchemaDefinition, StoredSchema } from '../storage/schema-store.ts';
import type { AdminRequest, Route } from './router.ts';
import { topicNameOf } from './topic-names.ts';

const schemas = '/admin/v2/schemas/:t/:n/:topic';

/** REST names of schema types, in capitals: STRING, JSON, KEY_VALUE, …, by the wire's number. */
function typeText(type: number): string {
  const [name = 'NONE'] = Object.entries(SchemaType).find(([, number]) => number === type) ?? [];
  if (name === 'Bool') return 'BOOLEAN';
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

function typeNumber(text: string): number {
  const found = Object.values(SchemaType).find((number) => typeText(number) === text);
  if (found === undefined) throw new AdminError(422, `Unknown schema type ${text}`);
  return found;
}

function describe({ version, type, createdAtMs, data, properties }: StoredSchema): object {
  return { version, type: typeText(type), timestamp: createdAtMs, data: Buffer.from(data).toString(), properties };
}

function find(request: AdminRequest, version?: number): object {
  const found = request.broker.schemas.find(topicNameOf(request).base, version);
  if (!found) throw new AdminError(404, 'Schema not found');
  return describe(found);
}

function definitionIn(request: AdminRequest): SchemaDefinition {
  const {
    type,
    schema,
    properties = {},
  } = request.body as { type: string; schema?: string; properties?: Record<string, string> };
  const { base } = topicNameOf(request);
  return { type: typeNumber(type), name: base, data: Buffer.from(schema ?? ''), properties };
}

function isCompatible(request: AdminRequest): boolean {
  const { schemas } = request.broker;
  const definition = definitionIn(request);
  const latest = schemas.find(topicNameOf(request).base);
  return latest === undefined || isFullyCompatible(definition, latest);
}

function register(request: AdminRequest): object {
  const { broker } = request;
  const { base } = topicNameOf(request);
  const definition = definitionIn(request);
  if (broker.schemas.versionOf(base, definition) === undefined && !isCompatible(request)) {
    throw new AdminError(409, `the schema is not compatible with the newest one of ${base}`);
  }
  return { version: { version: broker.schemas.register(base, definition, broker.settings.now()) } };
}

/** Schemas, checked with the strategy FULL. */
export const schemaRoutes: readonly Route[] = [
  ['GET', `${schemas}/schema`, (request) => find(request)],
  ['GET', `${schemas}/schema/:v`, (request) => find(request, Number(request.params.v))],
  [
    'GET',
    `${schemas}/schemas`,
    (request) => ({ getSchemaResponses: request.broker.schemas.versions(topicNameOf(request).base).map(describe) }),
  ],
  ['POST', `${schemas}/schema`, register],
  ['DELETE', `${schemas}/schema`, (request) => request.broker.schemas.delete(topicNameOf(request).base)],
  [
    'POST',
    `${schemas}/compatibility`,
    (request) => ({ compatibility: isCompatible(request), schemaCompatibilityStrategy: 'FULL' }),
  ],
];
