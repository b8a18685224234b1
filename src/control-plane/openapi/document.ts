import type { Catalogue } from '../../core/connector-type.ts';
import type { JsonSchema } from '../config/readers.ts';
import { KINDS, type KindWords } from '../kind-words.ts';
import { MAX_NAME_BYTES } from '../path-names.ts';
import { type Route, routesOf } from '../routes.ts';
import { describeRoute } from './descriptions.ts';
import { configSchema, REASON } from './schemas.ts';

/** The admin API as an OpenAPI 3.1 document, made of its routes, the readers of its bodies and the schemas of the connector types. */
export const openApiDocument = (catalogue: Catalogue): JsonSchema => {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const words of KINDS) {
    for (const route of routesOf(words)) {
      const path = `/admin/v3/${words.kind}s/${route.pattern}`;
      paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(words, route) };
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Pulsar IO Serverless',
      version: '3',
      description: "Apache Pulsar's sources and sinks admin API, with additions.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{}, { token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: {
        Reason: REASON,
        ...Object.fromEntries(KINDS.map((words) => [words.configPart, configSchema(catalogue, words)])),
      },
    },
  };
};

const operationOf = (words: KindWords, route: Route): JsonSchema => {
  const { method, pattern } = route;
  const { summary = pattern, answer, query = {}, body } = describeRoute(words, route) ?? {};
  const parameters = [
    ...[...pattern.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => parameterOf(name)),
    ...Object.entries(query).map(([name, description]) => ({
      name,
      in: 'query',
      description,
      schema: { type: 'string' },
    })),
  ];
  const done = answer
    ? { 200: { description: summary, content: { 'application/json': { schema: answer } } } }
    : { 204: { description: 'Done' } };
  return {
    summary,
    operationId: `${method.toLowerCase()} ${words.kind} ${pattern}`.replace(/[^A-Za-z]+(.)/g, (_, next: string) =>
      next.toUpperCase(),
    ),
    tags: [`${words.kind}s`],
    ...(parameters.length > 0 && { parameters }),
    ...(route.accepts === 'multipart' && { requestBody: formOf(words, method) }),
    ...(route.accepts === 'optional multipart' && { requestBody: { ...formOf(words, method), required: false } }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: { ...done, ...REFUSALS },
  };
};

const refusal = (description: string): JsonSchema => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Reason' } } },
});

/** Of every operation. */
const REFUSALS = {
  400: refusal('The request or the configuration is wrong'),
  401: refusal('The caller is not known, or may not do this'),
  404: refusal('There is no such connector, type or path'),
  405: refusal('The path has other methods'),
  409: refusal('What is asked for does not fit the state of the connector'),
  413: refusal('The body is larger than 1 MB'),
  415: refusal('The body has another content type'),
  500: refusal('A defect; the reason names the request id to look for in the log'),
  502: refusal('Pulsar refused'),
  503: refusal('The store or Pulsar did not answer; try again'),
};

const parameterOf = (name: string): JsonSchema => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string', minLength: 1, maxLength: MAX_NAME_BYTES },
});

const formOf = ({ configPart }: KindWords, method: string): JsonSchema => ({
  required: true,
  content: {
    'multipart/form-data': {
      schema: {
        type: 'object',
        required: [configPart],
        properties: {
          [configPart]: { $ref: `#/components/schemas/${configPart}` },
          ...(method === 'PUT' && {
            updateOptions: { type: 'object', properties: { updateAuthData: { type: 'boolean' } } },
          }),
        },
      },
      encoding: {
        [configPart]: { contentType: 'application/json' },
        updateOptions: { contentType: 'application/json' },
      },
    },
  },
});
