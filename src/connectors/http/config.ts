import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { choice, secretString, splitList, strictObject } from '../config.ts';

/** Config of the http source; all keys are ours, as Pulsar has no source of this name. */
export const httpSourceConfig = strictObject({
  split: choice(['none', 'ndjson', 'json-array'], {
    default: 'none',
    description:
      'How a body becomes messages: `none`, the body is one message, byte for byte; `ndjson`, one per line, which must be JSON; `json-array`, one per element.',
  }),
  maxBodyBytes: Type.Integer({
    minimum: 1,
    maximum: 64 * 1024 * 1024,
    default: 5 * 1024 * 1024,
    description: 'Largest body that is taken, in bytes.',
  }),
  maxRecords: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 10_000,
    description: 'Most messages that a body may hold.',
  }),
  keyHeader: Type.Optional(
    Type.String({
      minLength: 1,
      description: "Request header that becomes the messages' key. A request without it gives messages without key.",
    }),
  ),
  keyField: Type.Optional(
    Type.String({
      minLength: 1,
      description: "Field of a message's JSON object that becomes its key. A message without it is refused.",
    }),
  ),
  propertyHeaders: Type.Optional(
    Type.String({
      description:
        'Comma-separated request headers that become message properties, named in lower case. No other header is published.',
    }),
  ),
  secretHeader: Type.String({
    minLength: 1,
    default: 'x-webhook-secret',
    description: 'Request header that must hold `secret`, where one is set.',
  }),
  secret: Type.Optional(
    secretString({ minLength: 8, description: 'Shared secret that the sender puts into `secretHeader`.' }),
  ),
  signatureHeader: Type.String({
    minLength: 1,
    default: 'x-hub-signature-256',
    description: 'Request header that must hold the signature of the body, where `signatureSecret` is set.',
  }),
  signatureSecret: Type.Optional(
    secretString({
      minLength: 8,
      description:
        'Key of the HMAC-SHA256 that the sender signs the body with: `sha256=` and hexadecimal digits as GitHub does, or the digits or base64 alone.',
    }),
  ),
});

/** Validated configuration of the http source. */
export type HttpSourceConfig = Static<typeof httpSourceConfig>;

const SECRET_HEADERS = ['authorization', 'cookie', 'proxy-authorization'];

/** Cross-field rules of {@link httpSourceConfig}. */
export const checkHttpSource = ({
  keyHeader,
  keyField,
  propertyHeaders,
  secretHeader,
  signatureHeader,
}: HttpSourceConfig): Problem[] => {
  const problems: Problem[] = [];
  if (keyHeader !== undefined && keyField !== undefined)
    problems.push({
      path: '/configs/keyField',
      message: 'must be absent where keyHeader is given: a message has one key',
    });
  const published = [...splitList(propertyHeaders), ...(keyHeader ? [keyHeader] : [])].map((it) => it.toLowerCase());
  const secrets = [...SECRET_HEADERS, secretHeader.toLowerCase(), signatureHeader.toLowerCase()];
  for (const header of published.filter((it) => secrets.includes(it)))
    problems.push({ path: '/configs/propertyHeaders', message: `must not publish ${header}: it carries a secret` });
  return problems;
};
