import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { httpSource } from '../../src/connectors/http/source.ts';
import type { EventRecord } from '../../src/core/connector-type.ts';
import { eventSourceContract } from '../contracts/event-source.ts';
import { configOf, problemsOf } from './open.ts';

const RECEIVED_AT_MS = 1_700_000_000_000;
const map = (
  body: string | Buffer,
  configs: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): readonly EventRecord[] =>
  httpSource.map(
    { method: 'POST', path: '/', headers, body: Buffer.from(body), receivedAtMs: RECEIVED_AT_MS },
    configOf(httpSource, configs),
  );
const texts = (records: readonly EventRecord[]) => records.map(({ value }) => (value as Buffer).toString());
const codeOf = (attempt: () => unknown): string | undefined => {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

const post = (body: Buffer) => ({ method: 'POST', path: '/', headers: {}, body, receivedAtMs: RECEIVED_AT_MS });
eventSourceContract('http', {
  type: httpSource,
  config: configOf(httpSource, { maxBodyBytes: 200_000 }),
  event: post,
  refused: post(Buffer.from('sekrit'.padEnd(200_001))),
});
eventSourceContract('http with a shared secret', {
  type: httpSource,
  config: configOf(httpSource, { secret: 'sekrit and long' }),
  event: (body) => ({ ...post(body), headers: { 'x-webhook-secret': 'sekrit and long' } }),
  refused: { ...post(Buffer.from('{}')), headers: { 'x-webhook-secret': 'sekrit guess' } },
});

describe('the http source', () => {
  test('publishes a body byte for byte, with the time it came', () => {
    const body = Buffer.from([0, 255, 10, 13]);
    expect(map(body)).toEqual([{ value: body, properties: {}, eventTimeMs: RECEIVED_AT_MS }]);
    expect(texts(map(''))).toEqual(['']);
  });

  test('splits NDJSON into lines as they were written, without empty ones', () => {
    expect(texts(map('{"a": 1}\r\n\n12345678901234567890\n"ž"', { split: 'ndjson' }))).toEqual([
      '{"a": 1}',
      '12345678901234567890',
      '"ž"',
    ]);
  });

  test('splits a JSON array into its elements, and keeps the digits of large numbers', () => {
    expect(texts(map('[{"id":12345678901234567890,"p":0.1000},"x",[]]', { split: 'json-array' }))).toEqual([
      '{"id":12345678901234567890,"p":0.1}',
      '"x"',
      '[]',
    ]);
  });

  test('takes the key from a header whatever its case, or from a field', () => {
    expect(map('x', { keyHeader: 'X-Key' }, { 'x-KEY': 'k' })[0]?.key).toBe('k');
    expect(map('x', { keyHeader: 'x-key' })[0]?.key).toBeUndefined();
    expect(
      map('{"id":7}\n{"id":"b"}\n{"id":12345678901234567890}', { split: 'ndjson', keyField: 'id' }).map(
        ({ key }) => key,
      ),
    ).toEqual(['7', 'b', '12345678901234567890']);
    expect(map('{"id":true}', { keyField: 'id' })[0]?.key).toBe('true');
  });

  test('publishes only the headers that are listed', () => {
    const headers = { 'x-event': 'push', 'X-Delivery': '1', authorization: 'sekrit' };
    expect(map('x', { propertyHeaders: 'X-Event, x-delivery, x-none' }, headers)[0]?.properties).toEqual({
      'x-event': 'push',
      'x-delivery': '1',
    });
  });

  test('refuses a body that is not what it is split as, or lacks the key, with no record at all', () => {
    for (const [body, configs] of [
      ['{"a":1}\n{sekrit', { split: 'ndjson' }],
      ['{}', { split: 'json-array' }],
      ['[1,null]', { split: 'json-array' }],
      ['sekrit', { keyField: 'id' }],
      ['{"id":1}\n{}', { split: 'ndjson', keyField: 'id' }],
      ['{"id":null}', { keyField: 'id' }],
      ['{"a":1}', { keyField: 'toString' }],
    ] as const) {
      expect(codeOf(() => map(body, configs))).toBe('PIO_SOURCE_RECORD_INVALID');
      expect(() => map(body, configs)).not.toThrow('sekrit');
    }
    expect(codeOf(() => map(Buffer.from([0x22, 0xff, 0x22]), { split: 'ndjson' }))).toBe('PIO_SOURCE_RECORD_INVALID');
  });

  test('refuses a body that is too large or holds too many messages', () => {
    expect(codeOf(() => map('123', { maxBodyBytes: 2 }))).toBe('PIO_RECORD_TOO_LARGE');
    expect(codeOf(() => map('[1,2,3]', { split: 'json-array', maxRecords: 2 }))).toBe('PIO_RECORD_TOO_LARGE');
  });

  test('asks for the shared secret where one is set', () => {
    const configs = { secret: 'long enough' };
    expect(map('x', configs, { 'x-webhook-secret': 'long enough' })).toHaveLength(1);
    for (const given of [undefined, '', 'long enougH', 'long enough '])
      expect(codeOf(() => map('x', configs, given === undefined ? {} : { 'x-webhook-secret': given }))).toBe(
        'PIO_UNAUTHORIZED',
      );
  });

  test("asks for the body's signature where one is set, in GitHub's form, hexadecimal or base64", () => {
    const configs = { signatureSecret: 'key key key' };
    const hmac = createHmac('sha256', 'key key key').update('body').digest();
    for (const given of [`sha256=${hmac.toString('hex')}`, hmac.toString('hex').toUpperCase(), hmac.toString('base64')])
      expect(map('body', configs, { 'X-Hub-Signature-256': given })).toHaveLength(1);
    expect(codeOf(() => map('body!', configs, { 'x-hub-signature-256': `sha256=${hmac.toString('hex')}` }))).toBe(
      'PIO_UNAUTHORIZED',
    );
    expect(codeOf(() => map('body', configs))).toBe('PIO_UNAUTHORIZED');
    expect(() => map('body', configs)).not.toThrow('key key key');
  });

  test('accepts a signature as GitHub documents it', () => {
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries, "Testing the webhook payload validation"
    const given = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    expect(
      map('Hello, World!', { signatureSecret: "It's a Secret to Everybody" }, { 'x-hub-signature-256': given }),
    ).toHaveLength(1);
  });

  test('does not offer EFFECTIVELY_ONCE', () => {
    expect(httpSource.guarantees).toEqual(['ATLEAST_ONCE', 'ATMOST_ONCE']);
  });

  test('refuses a config that publishes a secret or has two keys', () => {
    expect(problemsOf(httpSource, {})).toEqual([]);
    expect(problemsOf(httpSource, { keyHeader: 'a', keyField: 'b' })).toEqual(['/configs/keyField']);
    expect(problemsOf(httpSource, { propertyHeaders: 'X-Hub-Signature-256,Authorization' })).toEqual([
      '/configs/propertyHeaders',
      '/configs/propertyHeaders',
    ]);
    expect(problemsOf(httpSource, { secret: 'short' })).toEqual(['/configs/secret']);
  });
});
