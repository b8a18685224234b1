import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SourceConnector } from '../../src/core/connector.ts';
import { GUARANTEES, type Guarantee } from '../../src/core/guarantee.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import { createQueueEvents } from '../../src/runtime/queue-events.ts';
import type { RunDeps } from '../../src/runtime/run-deps.ts';
import { crashAt, watchPorts } from './kit/ports.ts';
import { queueSource, World } from './kit/world.ts';

interface SqsRecord {
  messageId: string;
  body: string;
  attributes: Record<string, string>;
  messageAttributes: Record<string, unknown>;
  eventSourceARN: string;
  [other: string]: unknown;
}

const eventOf = (name: string): { Records: SqsRecord[] } =>
  JSON.parse(readFileSync(new URL(`../../events/${name}.json`, import.meta.url), 'utf8'));

const ARN = 'arn:aws:sqs:us-east-1:123456789012:orders';
const running = (): AbortSignal => new AbortController().signal;

describe('events of a queue', () => {
  let world: World;
  let invoked: RunRequest[];
  let deps: RunDeps;
  beforeEach(async () => {
    world = await World.start({ maxMessageBytes: 10_000 });
    invoked = [];
    deps = { ...world.deps, invokeRun: async (request) => void invoked.push(request) };
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const newSource = async (
    guarantee: Guarantee = 'ATLEAST_ONCE',
    {
      fifo = false,
      change = {},
      configs = {},
    }: { fifo?: boolean; change?: Partial<SourceConnector>; configs?: object } = {},
  ) => {
    const topic = await world.newTopic();
    const name = fifo ? 'orders.fifo' : 'orders';
    const arn = fifo ? `${ARN}.fifo` : ARN;
    const source: SourceConnector = {
      ...queueSource(topic, guarantee, {
        configs: { awsRegion: 'us-east-1', queueName: name, trigger: 'event', queueArn: arn, ...configs },
        producerConfig: { compressionType: 'NONE' },
      }),
      type: 'sqs',
      ...change,
    };
    await world.deps.registry.create(source);
    await world.deps.triggers.claim({ arn, connector: source.config, uid: source.uid });
    return { topic, source };
  };
  const send = (event: unknown, more: Partial<RunDeps> = {}) =>
    createQueueEvents({ ...deps, ...more })(event, running());
  /** What a run that was invoked does. */
  const publish = (source: SourceConnector) => world.attempt(source);

  test.each(GUARANTEES)(
    'under %s publishes every message, and answers that Lambda may delete them all',
    async (guarantee) => {
      const { topic, source } = await newSource(guarantee);
      expect(await send(eventOf('sqs-standard'))).toEqual({ batchItemFailures: [] });
      if (guarantee === 'EFFECTIVELY_ONCE') {
        expect(invoked).toMatchObject([{ kind: 'source', name: 'in', uid: source.uid, generation: 1, instance: 0 }]);
        await publish(source);
      }
      const [first, second] = await world.read(topic);
      expect([first, second]).toMatchObject([
        { text: '{"order":1}', properties: { customer: 'c-1' } },
        { text: '{"order":2}' },
      ]);
      expect(await deps.leases.read(source.uid, 0)).toBeTruthy();
    },
  );

  test.each(['EFFECTIVELY_ONCE', 'ATMOST_ONCE'] as const)(
    'under %s recognises an event that Lambda sends again',
    async (guarantee) => {
      const { topic, source } = await newSource(guarantee);
      for (let times = 0; times < 3; times++)
        expect(await send(eventOf('sqs-standard'))).toEqual({ batchItemFailures: [] });
      await publish(source);
      expect(await world.texts(topic)).toEqual(['{"order":1}', '{"order":2}']);
    },
  );

  test('makes a message group the key', async () => {
    const { topic } = await newSource('ATLEAST_ONCE', { fifo: true });
    await send(eventOf('sqs-fifo'));
    expect((await world.read(topic)).map(({ key }) => key)).toEqual(['customer-1', 'customer-2']);
  });

  test('names the messages that cannot be published, with an order all that follow in their group, and none besides', async () => {
    const { topic } = await newSource('ATLEAST_ONCE', { fifo: true });
    const event = eventOf('sqs-fifo');
    const [one, two] = event.Records as [SqsRecord, SqsRecord];
    const record = (like: SqsRecord, messageId: string, body: string) => ({ ...like, messageId, body });
    const large = 'x'.repeat(20_000);
    event.Records = [
      record(one, 'a1', 'a1'),
      record(one, 'a2', large),
      record(two, 'b1', 'b1'),
      record(one, 'a3', 'a3'),
      record(two, 'b2', 'b2'),
    ];
    expect(await send(event)).toEqual({ batchItemFailures: [{ itemIdentifier: 'a2' }, { itemIdentifier: 'a3' }] });
    expect((await world.texts(topic)).toSorted()).toEqual(['a1', 'b1', 'b2']);
  });

  test('under EFFECTIVELY_ONCE names the message without the id that was asked for', async () => {
    const { topic, source } = await newSource('EFFECTIVELY_ONCE', { configs: { idFrom: 'customer' } });
    const [, second] = eventOf('sqs-standard').Records as [SqsRecord, SqsRecord];
    expect(await send(eventOf('sqs-standard'))).toEqual({ batchItemFailures: [{ itemIdentifier: second.messageId }] });
    await publish(source);
    expect(await world.texts(topic)).toEqual(['{"order":1}']);
    const { status } = (await deps.leases.read(source.uid, 0)) ?? {};
    expect(status?.numConnectorExceptions).toBe(1);
  });

  test.each(['EFFECTIVELY_ONCE', 'ATMOST_ONCE'] as const)(
    'under %s rejects while ids are forgotten before the queue may have forgotten the messages (rule 37)',
    async (guarantee) => {
      const { topic, source } = await newSource(guarantee, { configs: { rememberDays: 14 } });
      await expect(send(eventOf('sqs-standard'))).rejects.toMatchObject({
        code: 'PIO_GUARANTEE_REFUSED',
        message: expect.stringContaining(
          'remembers message ids for 14.0 days, but the queue may keep messages for 14.0',
        ),
      });
      expect({ texts: await world.texts(topic), isEmpty: await deps.inbox.isEmpty(source.uid) }).toEqual({
        texts: [],
        isEmpty: true,
      });
      expect((await deps.leases.read(source.uid, 0))?.status.numSystemExceptions).toBe(1);
    },
  );

  test('rejects when the receipt of the broker is lost, and publishes again when Lambda sends again', async () => {
    const { topic } = await newSource();
    const lost = watchPorts(deps, crashAt('producer.sendEntry', 'after'));
    await expect(createQueueEvents(lost)(eventOf('sqs-standard'), running())).rejects.toThrow();
    expect(await send(eventOf('sqs-standard'))).toEqual({ batchItemFailures: [] });
    expect(await world.texts(topic)).toHaveLength(4);
  });

  test('under EFFECTIVELY_ONCE rejects when the inbox is away, and accepts although no publisher could be started', async () => {
    const { topic, source } = await newSource('EFFECTIVELY_ONCE');
    const away = watchPorts(deps, crashAt('inbox.append', 'before'));
    await expect(createQueueEvents(away)(eventOf('sqs-standard'), running())).rejects.toThrow();
    const refused = async () => Promise.reject(new Error('Lambda is away'));
    expect(await send(eventOf('sqs-standard'), { invokeRun: refused })).toEqual({ batchItemFailures: [] });
    await publish(source);
    expect(await world.texts(topic)).toEqual(['{"order":1}', '{"order":2}']);
  });

  test('rejects what is no event of one queue', async () => {
    const { topic } = await newSource();
    const records = eventOf('sqs-standard').Records as [SqsRecord, SqsRecord];
    const bad: unknown[] = [
      undefined,
      null,
      {},
      { Records: [] },
      { Records: [null] },
      { Records: 'x' },
      { Records: [records[0], { ...records[1], eventSourceARN: `${ARN}2` }] },
      { Records: [{ ...records[0], eventSource: 'aws:kinesis' }] },
      { Records: [{ ...records[0], messageId: '' }] },
      { Records: [{ ...records[0], body: undefined }] },
      { Records: [records[0], records[0]] },
    ];
    for (const event of bad) await expect(send(event)).rejects.toMatchObject({ code: 'PIO_REQUEST_INVALID' });
    expect(await world.texts(topic)).toEqual([]);
  });

  test('rejects events for a queue that is nobody’s, of a connector that is gone, being deleted, updated away, or stopped', async () => {
    const event = eventOf('sqs-standard');
    await expect(send(event)).rejects.toMatchObject({ code: 'PIO_NOT_FOUND' });
    const { source } = await newSource();
    const read = async () => {
      const registered = await world.deps.registry.get(source.config);
      if (!registered) throw new Error('gone');
      return registered;
    };
    const change = async (connector: SourceConnector) =>
      void (await world.deps.registry.update(await read(), connector));
    await change({ ...source, instanceStates: { 0: 'STOPPED' } });
    await expect(send(event)).rejects.toMatchObject({ code: 'PIO_SOURCE_UNAVAILABLE' });
    for (const gone of [
      { ...source, deleting: true as const },
      { ...source, uid: 'another' },
      { ...source, type: 'queue' },
      { ...source, config: { ...source.config, configs: { ...source.config.configs, queueArn: `${ARN}2` } } },
      { ...source, config: { ...source.config, configs: { ...source.config.configs, trigger: 'poll' } } },
    ]) {
      await change(gone);
      await expect(send(event)).rejects.toMatchObject({ code: 'PIO_NOT_FOUND' });
    }
    await world.deps.registry.remove(await read());
    await expect(send(event)).rejects.toMatchObject({ code: 'PIO_NOT_FOUND' });
  });

  test('with an order waits until what an earlier guarantee left in the inbox is published', async () => {
    const { topic, source } = await newSource('ATLEAST_ONCE', { fifo: true });
    await world.deps.inbox.append(source.uid, [{ id: 'old', value: Buffer.from('old') }], { ordered: true });
    await expect(send(eventOf('sqs-fifo'))).rejects.toMatchObject({ code: 'PIO_SOURCE_UNAVAILABLE' });
    expect(invoked).toHaveLength(1);
    await publish(source);
    await send(eventOf('sqs-fifo'));
    expect((await world.texts(topic))[0]).toBe('old');
  });
});
