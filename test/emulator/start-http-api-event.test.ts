import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import HttpApiEvent from '../../src/emulator/offline/aws/http-api-event.ts';

const recorded = JSON.parse(readFileSync('events/webhook.json', 'utf8'));
const ROUTE = 'POST /webhooks/{tenant}/{namespace}/{name}';

const eventOf = (payload: Buffer | null, rawHeaders: string[] = [], url = '/webhooks/public/default/orders') => {
  const req = { payload, rawHeaders, url, httpVersion: '1.1' } as unknown as IncomingMessage & {
    payload: Buffer | null;
  };
  const params = { tenant: 'public', namespace: 'default', name: 'orders' };
  const info = { received: 1_795_248_000_000, remoteAddress: '127.0.0.1' };
  return new HttpApiEvent({ method: 'post', params, info, raw: { req } }, '$default', ROUTE).create();
};

describe('the emulated event of an HTTP API', () => {
  test('has the fields of a recorded one', () => {
    const rawHeaders = Object.entries<string>(recorded.headers).flat();
    const { requestContext, ...event } = eventOf(Buffer.from(recorded.body), rawHeaders);
    const { requestContext: recordedContext, ...recordedEvent } = recorded;
    expect(event).toEqual(recordedEvent);
    expect(Object.keys(requestContext).sort()).toEqual(Object.keys(recordedContext).sort());
    expect(requestContext.time).toBe(recordedContext.time);
  });

  test('carries a body that is no text as base64', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    for (const type of [
      'application/octet-stream',
      'text/plain',
      'application/json',
      'multipart/form-data; boundary=x',
    ]) {
      const { body = '', isBase64Encoded } = eventOf(bytes, ['Content-Type', type]);
      expect(isBase64Encoded).toBe(true);
      expect(Buffer.from(body, 'base64')).toEqual(bytes);
    }
  });

  test.each(['"quoted"', 'null', '0', '{ "a" : 1.0 }', '{broken'])('carries the JSON text %s unchanged', (text) => {
    expect(eventOf(Buffer.from(text), ['content-type', 'application/json'])).toMatchObject({
      body: text,
      isBase64Encoded: false,
    });
  });

  test('joins headers and query parameters that come twice, and takes cookies apart', () => {
    const headers = ['X-A', '1', 'x-a', '2', 'Cookie', 'a=1; b=2'];
    expect(eventOf(null, headers, '/p%20q?x=1&x=2&y=%C3%A4')).toMatchObject({
      rawPath: '/p%20q',
      rawQueryString: 'x=1&x=2&y=%C3%A4',
      queryStringParameters: { x: '1,2', y: 'ä' },
      headers: { 'x-a': '1,2' },
      cookies: ['a=1', 'b=2'],
    });
  });

  test('has no body where the request has none', () => {
    const event = eventOf(null);
    expect(event.isBase64Encoded).toBe(false);
    expect('body' in event).toBe(false);
  });
});
