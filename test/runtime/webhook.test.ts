import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { SourceConnector } from '../../src/core/connector.ts';
import type { Guarantee } from '../../src/core/guarantee.ts';
import type { RunDeps } from '../../src/runtime/run-deps.ts';
import { createWebhook } from '../../src/runtime/webhook.ts';
import { Crash, crashAt, watchPorts } from './kit/ports.ts';
import { listSource, World } from './kit/world.ts';

const running = (): AbortSignal => new AbortController().signal;

const post = (path: string, body: string): APIGatewayProxyEventV2 =>
  ({
    rawPath: path,
    headers: { 'Content-Type': 'text/plain' },
    requestContext: { http: { method: 'POST' } },
    body: Buffer.from(body).toString('base64'),
    isBase64Encoded: true,
  }) as unknown as APIGatewayProxyEventV2;

describe('a webhook', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start({ maxMessageBytes: 1_000 });
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const newWebhook = async (guarantee: Guarantee = 'ATLEAST_ONCE', change: Partial<SourceConnector> = {}) => {
    const topic = await world.newTopic();
    const list = listSource(topic, guarantee, {
      configs: { split: 'ndjson' },
      producerConfig: { compressionType: 'NONE' },
    });
    const source: SourceConnector = { ...list, type: 'http', ...change };
    await world.deps.registry.create(source);
    return { topic, source };
  };
  const PATH = '/webhooks/public/default/in';
  const send = async (body: string, { deps = world.deps, path = PATH }: { deps?: RunDeps; path?: string } = {}) => {
    const { statusCode, body: text = '' } = await createWebhook(deps)(post(path, body), running());
    return { statusCode, answer: JSON.parse(text) as { accepted?: number; reason?: string } };
  };

  test('under ATLEAST_ONCE answers once the broker has every record, and keeps its producer for the next request', async () => {
    const { topic, source } = await newWebhook();
    let sessions = 0;
    const openSession: RunDeps['openSession'] = (signal) => {
      sessions += 1;
      return world.deps.openSession(signal);
    };
    const webhook = createWebhook({ ...world.deps, openSession });
    for (const body of ['1\n2', '3'])
      expect(await webhook(post(PATH, body), running())).toMatchObject({ statusCode: 202 });
    expect({ sessions, topic: await world.texts(topic) }).toEqual({ sessions: 1, topic: ['1', '2', '3'] });
    expect(await world.deps.leases.read(source.uid, 0)).toMatchObject({ status: { numReceived: 3, numWritten: 3 } });
  });

  test('under ATLEAST_ONCE does not accept a request whose receipt is lost, and publishes again when it is asked again', async () => {
    const { topic } = await newWebhook();
    const deps = watchPorts(world.deps, crashAt('producer.sendEntry', 'after'));
    const lost = await send('1', { deps });
    expect(lost.statusCode).toBeGreaterThanOrEqual(500);
    expect(await send('1')).toMatchObject({ statusCode: 202 });
    expect(await world.texts(topic)).toEqual(['1', '1']);
  });

  test('under ATMOST_ONCE answers that it took the request, whatever becomes of it', async () => {
    const { topic, source } = await newWebhook('ATMOST_ONCE');
    const deps = watchPorts(world.deps, ({ name, phase }) => {
      if (name === 'producer.sendEntry' && phase === 'before') throw new Crash('before the one attempt');
    });
    expect(await send('1\n2', { deps })).toEqual({ statusCode: 202, answer: { accepted: 2 } });
    expect(await world.texts(topic)).toEqual([]);
    expect(await world.deps.leases.read(source.uid, 0)).toMatchObject({ status: { numDropped: 2, numWritten: 0 } });
  });

  test('answers 503 while no broker is there, and works again when it is back', async () => {
    await newWebhook();
    const webhook = createWebhook(world.deps);
    expect(await webhook(post(PATH, '1'), running())).toMatchObject({ statusCode: 202 });
    await world.broker.running.stop();
    expect(await webhook(post(PATH, '2'), running())).toMatchObject({ statusCode: 503 });
    expect(await webhook(post(PATH, '2'), running())).toMatchObject({ statusCode: 503 });
    await world.broker.killAndRestart();
    expect(await webhook(post(PATH, '2'), running())).toMatchObject({ statusCode: 202 });
  });

  test('tells the sender of a request in which one record is too large, whatever lies before that', async () => {
    await newWebhook();
    const large = JSON.stringify('x'.repeat(2_000));
    expect(await send(`1\n${large}\n2`)).toMatchObject({ statusCode: 413 });
    expect(await send('{')).toMatchObject({ statusCode: 422 });
  });

  test('gives up a connection that never answers when its caller does', async () => {
    await newWebhook();
    const caller = new AbortController();
    const hanging: RunDeps = {
      ...world.deps,
      openSession: async (signal) => {
        const session = await world.deps.openSession(signal);
        const destroyed = Promise.withResolvers<never>();
        destroyed.promise.catch(() => undefined);
        return {
          partitions: async () => 0,
          closed: session.closed,
          close: () => session.close(),
          consumer: (options) => session.consumer(options),
          producer: async (options) => {
            const producer = await session.producer(options);
            return {
              name: producer.name,
              lastSequenceId: -1,
              maxMessageBytes: 1_000,
              close: () => producer.close(),
              sendEntry: () => {
                caller.abort();
                return destroyed.promise;
              },
            };
          },
          destroy: () => {
            destroyed.reject(Object.assign(new Error('destroyed'), { code: 'AlreadyClosed' }));
            session.destroy();
          },
        };
      },
    };
    expect(await createWebhook(hanging)(post(PATH, '1'), caller.signal)).toMatchObject({ statusCode: 503 });
  });

  test('opens one session for requests that come at once', async () => {
    await newWebhook();
    let sessions = 0;
    const openSession: RunDeps['openSession'] = (signal) => {
      sessions += 1;
      return world.deps.openSession(signal);
    };
    const webhook = createWebhook({ ...world.deps, openSession });
    const answers = await Promise.all(['1', '2', '3'].map((body) => webhook(post(PATH, body), running())));
    expect({ codes: answers.map(({ statusCode }) => statusCode), sessions }).toEqual({
      codes: [202, 202, 202],
      sessions: 1,
    });
  });

  test('is refused with 503 when its source is stopped, with 404 when there is none, with 400 for a broken path', async () => {
    await newWebhook('ATLEAST_ONCE', { instanceStates: { 0: 'STOPPED' } });
    expect(await send('1')).toMatchObject({ statusCode: 503, answer: { reason: expect.stringMatching(/is stopped/) } });
    for (const path of ['/webhooks/public/default/nobody', '/webhooks/public/default', '/webhooks/a/b/c/d'])
      expect({ path, ...(await send('1', { path })) }).toMatchObject({ path, statusCode: 404 });
    expect(await send('1', { path: '/webhooks/public/default/%ff' })).toMatchObject({ statusCode: 400 });
  });

  test('is refused where its guarantee cannot be held', async () => {
    const { topic } = await newWebhook('EFFECTIVELY_ONCE');
    expect((await send('1')).statusCode).toBe(400);
    expect(await world.texts(topic)).toEqual([]);
  });
});
