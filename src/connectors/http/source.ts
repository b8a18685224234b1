import { isUtf8 } from 'node:buffer';
import { defineEventSource, type EventRecord, type HttpEvent } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { parseExact } from '../../core/exact-json.ts';
import { splitList } from '../config.ts';
import { keyText } from '../json-key.ts';
import { authenticate, headerOf } from './authenticate.ts';
import { checkHttpSource, type HttpSourceConfig, httpSourceConfig } from './config.ts';

/**
 * Publishes what is posted to the connector's URL (webhook). The sender is answered after the brokers' receipts, so it repeats what was not taken. EFFECTIVELY_ONCE
 * is not offered: a request has no position to resume from, and a sender that repeats it gives it no number; it would need an inbox keyed by an id that the
 * sender sets.
 */
export const httpSource = defineEventSource<typeof httpSourceConfig>({
  name: 'http',
  summary: 'Publishes HTTP requests (Webhook)',
  className: 'pulsar-io-serverless.HttpSource',
  guarantees: ['ATLEAST_ONCE', 'ATMOST_ONCE'],
  config: httpSourceConfig,
  check: checkHttpSource,
  map: (event, config) => {
    if (event.body.length > config.maxBodyBytes)
      throw new PulsarIoError(
        'PIO_RECORD_TOO_LARGE',
        `the body has ${event.body.length} bytes, the limit is ${config.maxBodyBytes}`,
      );
    authenticate(event, config);
    const values = bodies(event.body, config);
    if (values.length > config.maxRecords)
      throw new PulsarIoError(
        'PIO_RECORD_TOO_LARGE',
        `the body has ${values.length} messages, the limit is ${config.maxRecords}`,
      );
    const common = commonOf(event, config);
    return values.map(({ value, json, where }) => ({ value, ...common, ...keyOf(json, where, config) }));
  },
});

/** One message of a body: what is published, and the JSON value it holds where that is known. */
interface Piece {
  readonly value: unknown;
  readonly json?: unknown;
  readonly where: string;
}

const bodies = (body: Buffer, { split, keyField }: HttpSourceConfig): Piece[] => {
  if (split === 'ndjson') return ndjson(body);
  if (split === 'json-array') return elements(body);
  return [{ value: body, where: 'the body', ...(keyField && { json: jsonOf(body, 'the body') }) }];
};

const ndjson = (body: Buffer): Piece[] => {
  const pieces: Piece[] = [];
  for (let start = 0, line = 1; start < body.length; line++) {
    const found = body.indexOf(10, start);
    const end = found < 0 ? body.length : found;
    const value = body.subarray(start, end > start && body[end - 1] === 13 ? end - 1 : end);
    const where = `line ${line}`;
    if (value.length > 0) pieces.push({ value, json: jsonOf(value, where), where });
    start = end + 1;
  }
  return pieces;
};

const elements = (body: Buffer): Piece[] => {
  const array = jsonOf(body, 'the body');
  if (!Array.isArray(array)) throw invalid('the body', 'is not a JSON array');
  return array.map((json, index) => {
    if (json === null) throw invalid(`element ${index}`, 'is null');
    return { value: Buffer.from(JSON.stringify(json)), json, where: `element ${index}` };
  });
};

const jsonOf = (bytes: Buffer, where: string): unknown => {
  if (!isUtf8(bytes)) throw invalid(where, 'is not UTF-8');
  try {
    return parseExact(bytes.toString('utf8'));
  } catch {
    throw invalid(where, 'is not JSON'); // no cause: its message quotes the payload
  }
};

const commonOf = (
  { headers, receivedAtMs }: HttpEvent,
  { propertyHeaders, keyHeader }: HttpSourceConfig,
): Omit<EventRecord, 'value'> => {
  const properties: Record<string, string> = {};
  for (const name of splitList(propertyHeaders)) {
    const value = headerOf(headers, name);
    if (value !== undefined) properties[name.toLowerCase()] = value;
  }
  const key = keyHeader === undefined ? undefined : headerOf(headers, keyHeader);
  return { properties, eventTimeMs: receivedAtMs, ...(key !== undefined && { key }) };
};

const keyOf = (json: unknown, where: string, { keyField }: HttpSourceConfig): { readonly key?: string } => {
  if (keyField === undefined) return {};
  const key = keyText(json, keyField);
  if (key === undefined)
    throw invalid(where, `has no field ${keyField} with a text, number or boolean, which is to be the key`);
  return { key };
};

const invalid = (where: string, what: string): PulsarIoError =>
  new PulsarIoError('PIO_SOURCE_RECORD_INVALID', `${where} ${what}`);
