import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { catalogue } from '../../src/connectors/catalogue.ts';
import type { SourceConnector } from '../../src/core/connector.ts';
import type { ItemStore } from '../../src/core/item-store.ts';
import type { QueueTriggers } from '../../src/core/queue-triggers.ts';
import { lambdaEventMappings } from '../../src/dispatcher/event-mappings.ts';
import { queueTriggers } from '../../src/dispatcher/queue-triggers.ts';
import { leaseStore } from '../../src/stores/leases.ts';
import { openItemStore } from '../../src/stores/open.ts';
import { registry } from '../../src/stores/registry.ts';
import { triggerStore } from '../../src/stores/triggers.ts';
import { listSource } from '../runtime/kit/world.ts';
import { LambdaMappings } from './lambda-mappings.ts';

const ARN = 'arn:aws:sqs:us-east-1:123456789012:orders';
const signal = new AbortController().signal;

describe('queues that Lambda receives from', () => {
  let lambda: LambdaMappings;
  let served: Awaited<ReturnType<LambdaMappings['serve']>>;
  let items: ItemStore;
  let stores: ReturnType<typeof storesOf>;
  let triggers: QueueTriggers;
  let noted: string[];
  const storesOf = (store: ItemStore) => ({
    registry: registry(store, { shards: 1 }),
    leases: leaseStore(store),
    triggers: triggerStore(store),
  });
  const before = { ...process.env };
  beforeEach(async () => {
    lambda = new LambdaMappings();
    served = await lambda.serve();
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_LAMBDA: served.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    items = await openItemStore('sqlite::memory:');
    stores = storesOf(items);
    noted = [];
    const mappings = lambdaEventMappings({ functionPrefix: 'pio-' });
    triggers = queueTriggers({ ...stores, catalogue, mappings, note: ({ message }) => noted.push(message) });
  });
  afterEach(async () => {
    served[Symbol.dispose]();
    process.env = { ...before };
    await items.close();
  });

  const newSource = (name = 'in', configs: object = {}): SourceConnector => {
    const source = listSource('t', 'ATLEAST_ONCE', {
      name,
      configs: { awsRegion: 'us-east-1', queueName: 'orders', trigger: 'event', queueArn: ARN, ...configs },
    });
    return { ...source, type: 'sqs' };
  };
  const register = async (source: SourceConnector) => {
    await stores.registry.create(source);
    return source;
  };
  const change = async (source: SourceConnector) => {
    const found = await stores.registry.get(source.config);
    if (found) await stores.registry.update(found, source);
    return source;
  };
  const errorOf = async ({ uid }: SourceConnector) => (await stores.leases.read(uid, 0))?.status.error;

  test('creates the mapping with partial answers, names it, and leaves it alone when it is right', async () => {
    const source = await register(newSource('in', { batchSize: 7, maxConcurrency: 5 }));
    await triggers.apply(source, signal);
    expect(lambda.mappings).toMatchObject([
      {
        EventSourceArn: ARN,
        FunctionArn: expect.stringMatching(/:function:pio-queue-source$/),
        State: 'Enabled',
        BatchSize: 7,
        ScalingConfig: { MaximumConcurrency: 5 },
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        Tags: { 'pulsar-io:uid': source.uid },
      },
    ]);
    lambda.requests.length = 0;
    await triggers.apply(source, signal);
    expect(lambda.requests.map((it) => it.split(' ')[0])).toEqual(['GET']);
  });

  test('maps a stream to its own function, from now on, and mends and deletes that mapping, too', async () => {
    const arn = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';
    const configs = { awsRegion: 'us-east-1', awsKinesisStreamName: 'orders', streamArn: arn, trigger: 'event' };
    const source = await register({ ...listSource('t', 'EFFECTIVELY_ONCE', { configs }), type: 'kinesis' });
    await triggers.apply(source, signal);
    const wanted = {
      EventSourceArn: arn,
      FunctionArn: expect.stringMatching(/:function:pio-stream-source$/),
      State: 'Enabled',
      StartingPosition: 'LATEST',
      BatchSize: 10_000,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    };
    expect(lambda.mappings).toMatchObject([wanted]);
    expect(lambda.mappings[0]).not.toHaveProperty('ScalingConfig');
    lambda.requests.length = 0;
    await triggers.apply(source, signal);
    expect(lambda.requests).toHaveLength(1);
    lambda.mappings.pop();
    await triggers.apply(source, signal);
    expect(lambda.mappings).toMatchObject([wanted]);
    await triggers.remove(source, signal);
    expect(lambda.mappings).toEqual([]);
  });

  test('asks nothing of Lambda for what notifies by itself', async () => {
    const configs = { awsRegion: 'us-east-1', bucket: 'orders', trigger: 'event' };
    const source = await register({ ...listSource('t', 'EFFECTIVELY_ONCE', { configs }), type: 's3' });
    await triggers.apply(source, signal);
    await triggers.remove(source, signal);
    expect(lambda.requests).toEqual([]);
  });

  test('disables it for a source that is stopped, and enables it again', async () => {
    const source = await register(newSource());
    await triggers.apply(source, signal);
    await triggers.apply({ ...source, instanceStates: { 0: 'STOPPED' } }, signal);
    expect(lambda.mappings).toMatchObject([{ State: 'Disabled' }]);
    await triggers.apply(source, signal);
    expect(lambda.mappings).toMatchObject([{ State: 'Enabled' }]);
  });

  test.each<[string, (lambda: LambdaMappings) => void]>([
    ['deleted', (it) => void it.mappings.pop()],
    ['disabled', (it) => void Object.assign(it.mappings[0] ?? {}, { State: 'Disabled' })],
    ['left without partial answers', (it) => void Object.assign(it.mappings[0] ?? {}, { FunctionResponseTypes: [] })],
    ['given another batch size', (it) => void Object.assign(it.mappings[0] ?? {}, { BatchSize: 1 })],
  ])('mends a mapping that someone %s', async (_, drift) => {
    const source = await register(newSource());
    await triggers.apply(source, signal);
    drift(lambda);
    await triggers.apply(source, signal);
    expect(lambda.mappings).toMatchObject([
      { State: 'Enabled', BatchSize: 10, FunctionResponseTypes: ['ReportBatchItemFailures'] },
    ]);
  });

  test('waits for a mapping that is changing', async () => {
    const source = await register(newSource());
    await triggers.apply(source, signal);
    Object.assign(lambda.mappings[0] ?? {}, { State: 'Disabling' });
    lambda.requests.length = 0;
    await triggers.apply(source, signal);
    expect(lambda.requests.map((it) => it.split(' ')[0])).toEqual(['GET']);
  });

  test('tells the status what Lambda refuses, and that it is right again', async () => {
    const source = await register(newSource());
    const message = 'Queue visibility timeout: 5 seconds is less than Function timeout: 29 seconds';
    lambda.refusal = { status: 400, type: 'InvalidParameterValueException', message };
    await triggers.apply(source, signal);
    expect(await errorOf(source)).toMatch(/^event source mapping: .*InvalidParameterValueException.*29 seconds/);
    lambda.refusal = undefined;
    await triggers.apply(source, signal);
    expect({ error: await errorOf(source), mappings: lambda.mappings.length }).toEqual({ error: '', mappings: 1 });
  });

  test.each([
    ['throttled', { status: 429, type: 'TooManyRequestsException', message: 'Rate exceeded' }],
    ['away', { status: 500, type: 'ServiceException', message: 'oops' }],
  ])('says nothing of a source when Lambda is too busy to be asked: %s', async (_, refusal) => {
    const source = await register(newSource());
    await triggers.apply(source, signal);
    lambda.refusal = refusal;
    await triggers.apply(source, signal);
    const state = await stores.leases.read(source.uid, 0);
    expect([state?.status.error ?? '', state?.status.phase ?? 'none']).not.toContain('backoff');
    expect({ error: await errorOf(source), noted }).toEqual({
      error: undefined,
      noted: [expect.stringContaining(refusal.type)],
    });
  });

  test('tells the status when a mapping that is missing cannot be made for the moment', async () => {
    const source = await register(newSource());
    await triggers.apply(source, signal);
    lambda.mappings.pop();
    const one = triggers.together();
    await one.apply(await register(newSource('other', { queueName: 'b', queueArn: `${ARN}b` })), signal);
    lambda.refusal = { status: 429, type: 'TooManyRequestsException', message: 'Rate exceeded' };
    await one.apply(source, signal);
    expect(await errorOf(source)).toMatch(/^event source mapping: mapping .*TooManyRequestsException/);
  });

  test('asks Lambda once for all mappings of a tick, page by page, and mends those that are wrong', async () => {
    lambda.pageSize = 2;
    const sources: SourceConnector[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      sources.push({
        ...(await register(newSource(name, { queueName: name, queueArn: `${ARN}-${name}` }))),
        uid: name,
      });
    }
    for (const source of sources) await change(source);
    for (const source of sources) await triggers.apply(source, signal);
    Object.assign(lambda.mappings[1] ?? {}, { State: 'Disabled' });
    lambda.mappings.splice(4, 1);
    lambda.requests.length = 0;
    const tick = triggers.together();
    for (const source of sources) await tick.apply(source, signal);
    expect(lambda.mappings.map(({ State }) => State)).toEqual(Array(5).fill('Enabled'));
    const methods = lambda.requests.map((it) => it.split(' ')[0]);
    expect(methods).toEqual(['GET', 'GET', 'PUT', 'POST']);
  });

  test('collects the mappings of other sources that are gone, when that of one cannot be deleted', async () => {
    for (const name of ['a', 'b', 'c']) {
      const gone = { ...newSource(name, { queueName: name, queueArn: `${ARN}-${name}` }), uid: name };
      await triggers.apply(gone, signal);
    }
    lambda.stuck = lambda.mappings[1]?.UUID;
    await expect(triggers.collect(signal)).rejects.toMatchObject({ code: 'PIO_TRIGGER_UNAVAILABLE' });
    expect(lambda.mappings.map(({ EventSourceArn }) => EventSourceArn)).toEqual([`${ARN}-b`]);
    lambda.stuck = undefined;
    await triggers.collect(signal);
    expect(lambda.mappings).toEqual([]);
  });

  test('refuses a second source for one queue, and takes over from one that is gone', async () => {
    const first = await register(newSource('first'));
    await triggers.apply(first, signal);
    const second = newSource('second');
    await expect(triggers.claim(second, signal)).rejects.toMatchObject({
      code: 'PIO_REQUEST_INVALID',
      message: expect.stringContaining('public/default/first'),
    });
    await change({ ...first, deleting: true });
    await triggers.claim(second, signal);
    expect(await stores.triggers.find(ARN)).toMatchObject({ uid: second.uid });
  });

  test('removes the mapping of its own source only, as often as it is asked', async () => {
    const source = await register(newSource());
    await triggers.apply(source, signal);
    await triggers.remove(newSource('other'), signal);
    expect(lambda.mappings).toHaveLength(1);
    for (let times = 0; times < 2; times++) await triggers.remove(source, signal);
    expect({ mappings: lambda.mappings, owner: await stores.triggers.find(ARN) }).toEqual({
      mappings: [],
      owner: undefined,
    });
  });

  test.each<[string, (source: SourceConnector) => Promise<unknown>]>([
    ['was never registered', async () => undefined],
    ['is being deleted', (source) => stores.registry.create({ ...source, deleting: true })],
    ['was created again', (source) => stores.registry.create({ ...source, uid: 'another' })],
    [
      'was updated to another queue',
      (source) =>
        stores.registry.create({
          ...source,
          config: {
            ...source.config,
            configs: { ...source.config.configs, queueArn: `${ARN}2`, queueName: 'orders2' },
          },
        }),
    ],
  ])('collects the mapping of a source that %s, wherever its removal broke off', async (_, leave) => {
    const source = newSource();
    await triggers.apply(source, signal);
    await leave(source);
    lambda.refusal = { status: 500, type: 'ServiceException', message: 'away' };
    await expect(triggers.collect(signal)).rejects.toMatchObject({ code: 'PIO_TRIGGER_UNKNOWN' });
    lambda.refusal = undefined;
    await triggers.collect(signal);
    expect({ mappings: lambda.mappings, left: await stores.triggers.list() }).toEqual({ mappings: [], left: [] });
  });

  test('leaves the mapping of a source that is there', async () => {
    const source = await register(newSource());
    await triggers.apply(source, signal);
    await triggers.collect(signal);
    expect(lambda.mappings).toHaveLength(1);
  });

  test('has nothing to do with a source that is polled', async () => {
    const source = await register(newSource('in', { trigger: 'poll' }));
    await triggers.claim(source, signal);
    await triggers.apply(source, signal);
    await triggers.remove(source, signal);
    expect({ requests: lambda.requests, triggers: await stores.triggers.list() }).toEqual({
      requests: [],
      triggers: [],
    });
  });
});
