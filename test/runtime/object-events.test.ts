import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SourceConnector } from '../../src/core/connector.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import { createObjectEvents } from '../../src/runtime/object-events.ts';
import { crashAt, watchPorts } from './kit/ports.ts';
import { batchSource, World } from './kit/world.ts';

const eventOf = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../events/${name}.json`, import.meta.url), 'utf8'));

const ARN = 'arn:aws:s3:::pulsar-io-orders';

describe('notifications of new objects', () => {
  let world: World;
  let invoked: RunRequest[];
  beforeEach(async () => {
    world = await World.start();
    invoked = [];
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const newSource = async (more: Partial<SourceConnector> = {}, configs: object = {}): Promise<SourceConnector> => {
    const source: SourceConnector = { ...batchSource('t'), type: 's3', ...more };
    const given = { awsRegion: 'us-east-1', bucket: 'pulsar-io-orders', trigger: 'event', ...configs };
    const connector = { ...source, config: { ...source.config, configs: given } };
    await world.deps.registry.create(connector);
    const { tenant, namespace, name } = connector.config;
    await world.deps.triggers.claim({ arn: ARN, connector: { tenant, namespace, name }, uid: connector.uid });
    return connector;
  };
  const send = (event: unknown, deps = world.deps) =>
    createObjectEvents({ ...deps, invokeRun: async (request) => void invoked.push(request) })(
      event,
      new AbortController().signal,
    );
  const waiting = async ({ uid }: SourceConnector) =>
    (await world.deps.inbox.waiting(uid, new Set())).flatMap(({ messages }) =>
      messages.map(({ id, value }) => [id, JSON.parse(String(Buffer.from(value ?? [])))]),
    );

  test('become the same task, whether S3 sends them or EventBridge, and start a run', async () => {
    const source = await newSource();
    const etag = '0f343b0931126a20f133d67c2b018a3b';
    const task = [`in/day 1,a.ndjson#${etag}`, { key: 'in/day 1,a.ndjson', etag, size: 26 }];
    expect(await send(eventOf('s3-object-created'))).toEqual({ tasks: 1 });
    expect(await send(eventOf('s3-eventbridge'))).toEqual({ tasks: 1 });
    expect(await waiting(source)).toEqual([task, task]);
    expect(invoked.map(({ uid }) => uid)).toEqual([source.uid, source.uid]);
  });

  test('of objects that the source does not select, or that are no new objects, are nothing', async () => {
    const source = await newSource({}, { prefix: 'out/' });
    const event = eventOf('s3-object-created');
    expect(await send(event)).toEqual({ tasks: 0 });
    event.Records[0].s3.object.key = 'out/a';
    event.Records[0].eventName = 'ObjectRemoved:Delete';
    expect(await send(event)).toEqual({ tasks: 0 });
    expect(await send({ ...eventOf('s3-eventbridge'), 'detail-type': 'Object Deleted' })).toEqual({ tasks: 0 });
    expect(await waiting(source)).toEqual([]);
    expect(invoked).toEqual([]);
  });

  test('wait in the inbox of a source that is stopped', async () => {
    const source = await newSource({ instanceStates: { 0: 'STOPPED' } });
    await send(eventOf('s3-object-created'));
    expect(await waiting(source)).toHaveLength(1);
    expect(invoked).toEqual([]);
  });

  test('reject when the inbox is away, and accept although no run could be started', async () => {
    const source = await newSource();
    await expect(
      send(eventOf('s3-object-created'), watchPorts(world.deps, crashAt('inbox.append', 'before'))),
    ).rejects.toThrow();
    const deps = { ...world.deps, invokeRun: async () => Promise.reject(new Error('Lambda is away')) };
    await createObjectEvents(deps)(eventOf('s3-object-created'), new AbortController().signal);
    expect(await waiting(source)).toHaveLength(1);
  });
});
