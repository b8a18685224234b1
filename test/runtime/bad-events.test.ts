import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { createObjectEvents } from '../../src/runtime/object-events.ts';
import { createQueueEvents } from '../../src/runtime/queue-events.ts';
import type { RunDeps } from '../../src/runtime/run-deps.ts';
import { createStreamEvents } from '../../src/runtime/stream-events.ts';
import { createWebhook } from '../../src/runtime/webhook.ts';
import { World } from './kit/world.ts';

const FOLDER = new URL('../../events/', import.meta.url);
const eventOf = (name: string) => JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'));

/** What each function is called with by AWS, and by nobody else. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  'queue-source': ['sqs-standard', 'sqs-fifo', 'eventbridge'],
  'stream-source': ['kinesis', 'dynamodb-stream'],
  'object-source': ['s3-object-created', 's3-eventbridge'],
};

const HANDLERS: Readonly<Record<string, (deps: RunDeps) => (event: unknown) => Promise<unknown>>> = {
  'queue-source': (deps) => (event) => createQueueEvents(deps)(event, new AbortController().signal),
  'stream-source': createStreamEvents,
  'object-source': (deps) => (event) => createObjectEvents(deps)(event, new AbortController().signal),
};

/** Events of no shape at all, and some that almost have one. */
const SHAPELESS: readonly unknown[] = [
  undefined,
  null,
  0,
  '',
  'text',
  true,
  [],
  {},
  { Records: null },
  { Records: {} },
  { Records: [] },
  { Records: [null] },
  { Records: ['text'] },
  { Records: [{}] },
  { Records: [{ eventSourceARN: '' }] },
  { Records: [{ eventSourceARN: 5 }] },
  { Records: [{ eventSourceARN: 'arn:a' }, { eventSourceARN: 'arn:b' }] },
  { Records: [{ s3: null }] },
  { resources: [] },
  { resources: ['arn:a', 'arn:b'] },
];

/** Lambda reads any answer as success: a function that is called by AWS must fail for what it does not take. */
describe.each(Object.keys(HANDLERS))('%s', (name) => {
  let world: World;
  let handle: (event: unknown) => Promise<unknown>;
  beforeEach(async () => {
    world = await World.start();
    handle = (HANDLERS[name] as (typeof HANDLERS)[string])(world.deps);
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  test.each(SHAPELESS.map((event) => [JSON.stringify(event) ?? 'undefined', event]))(
    'fails for %s',
    async (_, event) => {
      await expect(handle(event)).rejects.toMatchObject({ code: 'PIO_REQUEST_INVALID' });
    },
  );

  test('fails for the events of everything else, and for its own while no source wants them', async () => {
    const names = readdirSync(FOLDER).map((file) => file.replace('.json', ''));
    expect(names).toEqual(expect.arrayContaining([...(OWN[name] ?? [])]));
    for (const each of names) {
      const code = OWN[name]?.includes(each) ? /^PIO_NOT_FOUND$/ : /^PIO_(NOT_FOUND|REQUEST_INVALID)$/;
      await expect(handle(eventOf(each))).rejects.toMatchObject({ code: expect.stringMatching(code) });
    }
  });
});

test('a webhook of no source, of another path or with broken escapes is answered so that its sender tries again or sees why', async () => {
  await using world = await World.start();
  const webhook = createWebhook(world.deps);
  for (const rawPath of [
    '/',
    '/webhooks/',
    '/webhooks/a/b',
    '/webhooks/a/b/c/d',
    '/webhooks/a/b/%ff',
    '/webhooks/public/default/in',
  ]) {
    const event: APIGatewayProxyEventV2 = { ...eventOf('webhook'), rawPath };
    const { statusCode = 0, body = '' } = await webhook(event, new AbortController().signal);
    expect(statusCode).toBeGreaterThanOrEqual(400);
    expect(JSON.parse(body)).toEqual({ reason: expect.any(String) });
  }
});
