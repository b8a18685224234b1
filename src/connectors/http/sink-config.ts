import { validateHeaderName, validateHeaderValue } from 'node:http';
import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import type { Guarantee } from '../../core/guarantee.ts';
import { caCertificate, choice, pulsarKey, secretString, strictObject } from '../config.ts';
import { isLinkLocal, LINK_LOCAL_ADVICE } from './link-local.ts';

/** Pulsar's `HttpSinkConfig`, in its order, then ours. */
export const httpSinkConfig = strictObject({
  url: Type.String({
    default: 'http://localhost',
    description: 'Address that requests go to; `http` or `https`.',
    ...pulsarKey('java.lang.String', 'http://localhost', { help: 'The URL of the HTTP server' }),
  }),
  headers: Type.Record(Type.String(), Type.String(), {
    default: {},
    description: 'Headers of every request. Anybody who may see the configuration sees them: see `authorization`.',
    ...pulsarKey('java.util.Map', '', { help: 'The list of default headers added to each request' }),
  }),
  method: choice(['POST', 'PUT'], { default: 'POST', description: 'Method of the requests.' }),
  authorization: Type.Optional(
    secretString({ minLength: 1, description: 'Header `authorization`, such as `Bearer …`; kept as a secret.' }),
  ),
  idempotencyHeader: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description:
        'Header that carries the id of the record, the same for every attempt, such as `Idempotency-Key`. EFFECTIVELY_ONCE needs it, and a target that does nothing for an id that it has seen.',
    }),
  ),
  batchSize: Type.Integer({
    minimum: 1,
    maximum: 10_000,
    default: 1,
    description: 'Most records of a request. 1: one each, with headers that tell about the record, as in Pulsar.',
  }),
  batchFormat: choice(['json-array', 'ndjson'], {
    default: 'json-array',
    description: 'How a body holds several records, which must be JSON then: as an array, or one per line.',
  }),
  concurrency: Type.Integer({
    minimum: 1,
    maximum: 64,
    default: 1,
    description: 'Most requests under way at once. Above 1 they overtake one another.',
  }),
  requestTimeoutMs: Type.Integer({
    minimum: 100,
    maximum: 300_000,
    default: 30_000,
    description: 'Deadline of one request, in milliseconds.',
  }),
  maxRetryAfterMs: Type.Integer({
    minimum: 0,
    maximum: 60_000,
    default: 5_000,
    description:
      'How long a `Retry-After` of the target is waited for within a write, in milliseconds. A longer one is left to the back-off of the runtime. Not under ATMOST_ONCE, which asks once.',
  }),
  maxBodyBytes: Type.Integer({
    minimum: 1,
    maximum: 64 * 1024 * 1024,
    default: 10 * 1024 * 1024,
    description: 'Largest body; a larger record is rejected before it is sent.',
  }),
  caCertificate: caCertificate(),
  allowLinkLocal: Type.Boolean({
    default: false,
    description:
      'Whether the target may have a link-local address, such as 169.254.169.254, where clouds keep metadata and credentials, or on Lambda one of loopback.',
  }),
});

/** Validated configuration of the http sink. */
export type HttpSinkConfig = Static<typeof httpSinkConfig>;

/** Headers that the client sets, or that say how the body ends. */
const RESERVED = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

/** Cross-field rules of {@link httpSinkConfig}. */
export const checkHttpSink = (config: HttpSinkConfig, guarantee: Guarantee): Problem[] => {
  const problems = [...checkUrl(config), ...checkHeaders(config)];
  if (config.batchSize > 1 && config.concurrency > 1)
    problems.push({ path: '/configs/concurrency', message: 'must be 1 where batchSize is above 1' });
  return guarantee === 'EFFECTIVELY_ONCE' ? [...problems, ...checkEffectivelyOnce(config)] : problems;
};

const checkUrl = ({ url, caCertificate, allowLinkLocal }: HttpSinkConfig): Problem[] => {
  const parsed = URL.parse(url);
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol))
    return [{ path: '/configs/url', message: 'must be an http or https address' }];
  if (parsed.username !== '' || parsed.password !== '')
    return [
      { path: '/configs/url', message: 'must hold no credentials: use authorization, which is kept as a secret' },
    ];
  if (!allowLinkLocal && isLinkLocal(parsed.hostname))
    return [{ path: '/configs/url', message: `must not be link-local, nor on Lambda loopback: ${LINK_LOCAL_ADVICE}` }];
  return caCertificate !== undefined && parsed.protocol !== 'https:'
    ? [{ path: '/configs/caCertificate', message: 'must be absent where the address is not https' }]
    : [];
};

const checkHeaders = ({ headers, authorization, idempotencyHeader }: HttpSinkConfig): Problem[] => {
  const given = Object.entries(headers);
  if (idempotencyHeader !== undefined) given.push([idempotencyHeader, 'id']);
  const problems = given.flatMap(([name, value]) => (isHeader(name, value) ? [] : [name]));
  if (authorization !== undefined && !isHeader('authorization', authorization))
    return [{ path: '/configs/authorization', message: 'must be a valid value of a header' }];
  return problems.map((name) => ({
    path: name === idempotencyHeader ? '/configs/idempotencyHeader' : '/configs/headers',
    message: `${name.slice(0, 100)} is not a header that can be sent, or is one that the client sets`,
  }));
};

const isHeader = (name: string, value: string): boolean => {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return !RESERVED.has(name.toLowerCase());
  } catch {
    return false;
  }
};

const checkEffectivelyOnce = ({ idempotencyHeader, batchSize, concurrency }: HttpSinkConfig): Problem[] => {
  const problems: Problem[] = [];
  if (idempotencyHeader === undefined)
    problems.push({
      path: '/configs/idempotencyHeader',
      message:
        'must name the header by which the target knows a record again: without it a request whose answer was lost has its effect twice',
    });
  if (batchSize > 1)
    problems.push({
      path: '/configs/batchSize',
      message: 'must be 1: after a crash the same records may come in other batches, which have no id in common',
    });
  if (concurrency > 1)
    problems.push({ path: '/configs/concurrency', message: 'must be 1: requests would overtake one another' });
  return problems;
};
