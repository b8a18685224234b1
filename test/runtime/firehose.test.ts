import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { SourceConnector } from '../../src/core/connector.ts';
import { createWebhook } from '../../src/runtime/webhook.ts';
import { crashAt, watchPorts } from './kit/ports.ts';
import { listSource, World } from './kit/world.ts';

const delivery = (): APIGatewayProxyEventV2 =>
  JSON.parse(readFileSync(new URL('../../events/firehose.json', import.meta.url), 'utf8'));
const REQUEST_ID = 'ed4acda5-034f-9f42-bba1-f29aea6d7d8f';

describe('a delivery of Firehose', () => {
  let world: World;
  let topic: string;
  beforeEach(async () => {
    world = await World.start();
    topic = await world.newTopic();
    await register({});
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const register = async (more: Partial<SourceConnector>) => {
    const base = { ...listSource(topic, 'ATLEAST_ONCE'), type: 'firehose', ...more };
    const connector = { ...base, config: { ...base.config, configs: { accessKey: 'an-access-key', maxRecords: 5 } } };
    const found = await world.deps.registry.get(connector.config);
    if (found) await world.deps.registry.update(found, { ...connector, uid: found.connector.uid });
    else await world.deps.registry.create(connector);
  };
  const send = async (event: APIGatewayProxyEventV2, deps = world.deps) => {
    const answer: APIGatewayProxyStructuredResultV2 = await createWebhook(deps)(event, new AbortController().signal);
    return { status: answer.statusCode, body: JSON.parse(answer.body ?? '') };
  };
  const changed = (change: (body: Record<string, unknown>) => unknown): APIGatewayProxyEventV2 => {
    const event = delivery();
    return { ...event, body: JSON.stringify(change(JSON.parse(event.body ?? ''))) };
  };
  const withHeaders = (headers: Record<string, string>): APIGatewayProxyEventV2 => {
    const event = delivery();
    return { ...event, headers: { ...event.headers, ...headers } };
  };

  test('is answered 200 with its own request id when all of it is published', async () => {
    expect(await send(delivery())).toEqual({
      status: 200,
      body: { requestId: REQUEST_ID, timestamp: expect.any(Number) },
    });
    const messages = await world.read(topic);
    expect(messages.map(({ text }) => text)).toEqual(['{"order":1}', '{"order":2}']);
    expect(messages[0]?.properties).toMatchObject({ 'firehose.request-id': REQUEST_ID });
  });

  test('may be compressed', async () => {
    const event = withHeaders({ 'content-encoding': 'gzip' });
    const body = gzipSync(Buffer.from(event.body ?? '')).toString('base64');
    expect(await send({ ...event, body, isBase64Encoded: true })).toMatchObject({ status: 200 });
    expect(await world.texts(topic)).toHaveLength(2);
  });

  test('without records is taken', async () => {
    expect(await send(changed((body) => ({ ...body, records: [] })))).toMatchObject({ status: 200 });
  });

  test.each<[string, () => APIGatewayProxyEventV2, number, RegExp]>([
    ['with another key', () => withHeaders({ 'x-amz-firehose-access-key': 'forged' }), 401, /Access-Key/],
    ['without a key', () => withHeaders({ 'x-amz-firehose-access-key': '' }), 401, /Access-Key/],
    ['for another request', () => withHeaders({ 'x-amz-firehose-request-id': 'other' }), 422, /another requestId/],
    ['that is not JSON', () => ({ ...delivery(), body: '{' }), 422, /is not JSON/],
    ['that is no delivery', () => changed(() => ({ records: [] })), 422, /is no delivery of Firehose/],
    ['whose data is not base 64', () => changed((it) => ({ ...it, records: [{ data: '%' }] })), 422, /no base 64/],
    [
      'of too many records',
      () => changed((it) => ({ ...it, records: Array(6).fill({ data: '' }) })),
      413,
      /limit is 5/,
    ],
    ['that is not compressed as it says', () => withHeaders({ 'content-encoding': 'gzip' }), 422, /not gzip/],
  ])('%s is refused, in the form that Firehose reads, and nothing published', async (_, event, status, reason) => {
    const answer = await send(event());
    expect(answer).toMatchObject({ status, body: { requestId: expect.any(String), timestamp: expect.any(Number) } });
    expect(answer.body.errorMessage).toMatch(reason);
    expect(await world.texts(topic)).toEqual([]);
  });

  test('is not taken while the receipt is missing, for a stopped source, or for none', async () => {
    expect(
      (await send(delivery(), watchPorts(world.deps, crashAt('producer.sendEntry', 'after')))).status,
    ).toBeGreaterThanOrEqual(500);
    await register({ instanceStates: { 0: 'STOPPED' } });
    expect((await send(delivery())).status).toBe(503);
    expect((await send({ ...delivery(), rawPath: '/webhooks/public/default/other' })).status).toBe(404);
  });
});
