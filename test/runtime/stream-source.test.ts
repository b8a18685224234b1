import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { catalogueOf } from '../../src/connectors/catalogue-of.ts';
import { dynamodbSource } from '../../src/connectors/dynamodb/source.ts';
import { kinesisSource } from '../../src/connectors/kinesis/source.ts';
import type { SourceConnector } from '../../src/core/connector.ts';
import { NEW_STATUS } from '../../src/core/instance-status.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import type { RunDeps } from '../../src/runtime/run-deps.ts';
import { createStreamEvents } from '../../src/runtime/stream-events.ts';
import { crashAt } from './kit/ports.ts';
import { listSource, texts, updated, World } from './kit/world.ts';

const eventOf = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../events/${name}.json`, import.meta.url), 'utf8'));

describe('a log whose oldest records expire', () => {
  let world: World;
  let topic: string;
  beforeEach(async () => {
    world = await World.start();
    topic = await world.newTopic();
    world.list.add('a', ...texts(10));
    world.list.pageRecords = 5;
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  test('is pinned to its first record before anything is published, by the first run that finds one', async () => {
    const source = listSource(topic);
    world.list.partitions.set('b', []);
    world.list.begin = (partition) => (partition === 'a' ? { next: 3 } : undefined);
    await expect(world.attempt(source, { watch: crashAt('producer.sendEntry', 'before') })).rejects.toThrow();
    expect((await world.progress(source, 'a'))?.position).toEqual({ next: 3 });
    expect((await world.progress(source, 'b'))?.position).toBeNull();
    await world.attempt(source);
    expect(await world.texts(topic)).toEqual(texts(7, 3));
    world.list.begin = () => ({ next: 1 });
    world.list.add('b', ...texts(3));
    await world.attempt(updated(source));
    expect((await world.texts(topic)).slice(7)).toEqual(texts(2, 1));
  });

  test('stops when records are in doubt and those behind the position may have expired', async () => {
    const source = listSource(topic);
    await expect(
      world.attempt(source, { watch: crashAt('producer.sendEntry', 'after', { nth: 2 }) }),
    ).rejects.toThrow();
    world.list.keptFrom = 7;
    await expect(world.attempt(source)).rejects.toMatchObject({ code: 'PIO_PROGRESS_UNCERTAIN' });
    expect(await world.texts(topic)).toEqual(texts(10));
  });

  test('goes on when nothing is in doubt, and under ATLEAST_ONCE', async () => {
    const source = listSource(topic);
    await world.attempt(source);
    world.list.add('a', ...texts(3, 10));
    world.list.keptFrom = 12;
    await world.attempt(source);
    expect(await world.texts(topic)).toEqual([...texts(10), 'r12']);
    const other = listSource(topic, 'ATLEAST_ONCE');
    await world.attempt(other);
    expect((await world.texts(topic)).slice(11)).toEqual(['r12']);
  });
});

describe.each([
  ['kinesis', 'arn:aws:kinesis:us-east-1:123456789012:stream/orders'],
  ['dynamodb-stream', 'arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000'],
])('Lambda’s word that a stream has something new (%s)', (eventName, arn) => {
  let world: World;
  let invoked: RunRequest[];
  let deps: RunDeps;
  beforeEach(async () => {
    world = await World.start();
    invoked = [];
    deps = {
      ...world.deps,
      catalogue: catalogueOf([], [kinesisSource, dynamodbSource]),
      invokeRun: async (request) => void invoked.push(request),
    };
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const newSource = async (more: Partial<SourceConnector> = {}): Promise<SourceConnector> => {
    const base: SourceConnector = { ...listSource('t', 'EFFECTIVELY_ONCE', { parallelism: 2 }), ...more };
    const configs =
      eventName === 'kinesis'
        ? { awsRegion: 'us-east-1', awsKinesisStreamName: 'orders', streamArn: arn, trigger: 'event' }
        : { awsRegion: 'us-east-1', awsDynamodbStreamArn: arn, trigger: 'event' };
    const type = eventName === 'kinesis' ? 'kinesis' : 'dynamodb';
    const source: SourceConnector = { ...base, type, config: { ...base.config, configs } };
    await deps.registry.create(source);
    const { tenant, namespace, name } = source.config;
    await deps.triggers.claim({ arn, connector: { tenant, namespace, name }, uid: source.uid });
    return source;
  };
  const send = () => createStreamEvents(deps)(eventOf(eventName));

  test('starts a run of every instance that has none', async () => {
    const source = await newSource();
    expect(await send()).toEqual({ batchItemFailures: [] });
    expect(invoked.map(({ uid, instance }) => [uid, instance])).toEqual([
      [source.uid, 0],
      [source.uid, 1],
    ]);
    const lease = await deps.leases.acquire(source.uid, 0, 'at work');
    await send();
    expect(invoked.slice(2).map(({ instance }) => instance)).toEqual([1]);
    await deps.leases.release(lease, { ...NEW_STATUS, phase: 'idle' });
    await send();
    expect(invoked.slice(3)).toHaveLength(2);
  });

  test('fails when a run could not be started, or the source is stopped: Lambda says it again', async () => {
    await newSource({ instanceStates: { 0: 'STOPPED' } });
    await send();
    expect(invoked.map(({ instance }) => instance)).toEqual([1]);
    const away = async () => Promise.reject(new Error('Lambda is away'));
    await expect(createStreamEvents({ ...deps, invokeRun: away })(eventOf(eventName))).rejects.toThrow(
      'Lambda is away',
    );
  });

  test('fails for a source that is stopped', async () => {
    await newSource({ instanceStates: { 0: 'STOPPED', 1: 'STOPPED' } });
    await expect(send()).rejects.toMatchObject({ code: 'PIO_SOURCE_UNAVAILABLE' });
    expect(invoked).toEqual([]);
  });
});
