import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventbridgeSource } from '../../src/connectors/eventbridge/source.ts';
import type { SourceConnector } from '../../src/core/connector.ts';
import { eventbridgeName } from '../../src/core/connector-type.ts';
import { GUARANTEES, type Guarantee } from '../../src/core/guarantee.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import { createQueueEvents } from '../../src/runtime/queue-events.ts';
import type { RunDeps } from '../../src/runtime/run-deps.ts';
import { Crash, Fate, type PortCall, watchPorts } from './kit/ports.ts';
import { queueSource, World } from './kit/world.ts';

const SAMPLE = new URL('../../events/eventbridge.json', import.meta.url);
const sample = () => JSON.parse(readFileSync(SAMPLE, 'utf8'));
const withDetail = (change: object) => ({ ...sample(), detail: { ...sample().detail, ...change } });

describe('events of EventBridge', () => {
  let world: World;
  let invoked: RunRequest[];
  let deps: RunDeps;
  beforeEach(async () => {
    world = await World.start();
    invoked = [];
    deps = { ...world.deps, invokeRun: async (request) => void invoked.push(request) };
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const newSource = async (guarantee: Guarantee, configs: object = {}, change: Partial<SourceConnector> = {}) => {
    const topic = await world.newTopic();
    const given = { configs: { eventSource: 'com.example.orders', ...configs } };
    const source: SourceConnector = { ...queueSource(topic, guarantee, given), type: 'eventbridge', ...change };
    await world.deps.registry.create(source);
    const arn = eventbridgeName('com.example.orders');
    await world.deps.triggers.claim({ arn, connector: source.config, uid: source.uid });
    return { topic, source };
  };
  const send = (event: unknown, to = deps) => createQueueEvents(to)(event, new AbortController().signal);

  test.each(GUARANTEES)(
    'under %s go into the inbox, and a run publishes them whole, with their time',
    async (guarantee) => {
      const { topic, source } = await newSource(guarantee, { keyField: 'customer' });
      await send(sample());
      expect(invoked).toMatchObject([{ kind: 'source', uid: source.uid, instance: 0 }]);
      expect(await world.texts(topic)).toEqual([]);
      await world.attempt(source);
      const [message, ...more] = await world.read(topic);
      expect(more).toEqual([]);
      expect(JSON.parse(message?.text ?? '')).toEqual(sample());
      expect(message).toMatchObject({
        key: 'c-1',
        properties: {
          ...{ 'eventbridge.id': sample().id, 'eventbridge.detail-type': 'Order Placed' },
          ...{ 'eventbridge.source': 'com.example.orders', 'eventbridge.region': 'us-east-1' },
        },
      });
    },
  );

  test.each(['EFFECTIVELY_ONCE', 'ATMOST_ONCE'] as const)(
    'under %s are published once, however often EventBridge delivers them, also after they were published',
    async (guarantee) => {
      const { topic, source } = await newSource(guarantee, { content: 'detail' });
      for (let times = 0; times < 2; times++) await send(sample());
      await world.attempt(source);
      await send(sample());
      await world.attempt(source);
      expect(await world.texts(topic)).toEqual([JSON.stringify(sample().detail)]);
    },
  );

  test('are told by the id that their sender gave them, where that was asked for, and are refused without it', async () => {
    const { topic, source } = await newSource('EFFECTIVELY_ONCE', { content: 'detail', idField: 'eventId' });
    await send(sample());
    await send({ ...sample(), id: 'put-again' });
    await expect(send(withDetail({ eventId: undefined }))).rejects.toThrow(/none of the 1 messages/);
    await world.attempt(source);
    expect(await world.texts(topic)).toHaveLength(1);
  });

  test('without the field that is to be the key are refused, and not stored', async () => {
    const { source } = await newSource('ATLEAST_ONCE', { keyField: 'nosuch' });
    await expect(send(sample())).rejects.toThrow(/none of the 1 messages/);
    expect(await deps.inbox.isEmpty(source.uid)).toBe(true);
  });

  test('for a source that is stopped are kept: nobody would send them again', async () => {
    const { topic, source } = await newSource('ATLEAST_ONCE', {}, { instanceStates: { 0: 'STOPPED' } });
    await send(sample());
    expect(invoked).toEqual([]);
    expect(await deps.inbox.isEmpty(source.uid)).toBe(false);
    await world.attempt({ ...source, instanceStates: {} });
    expect(await world.texts(topic)).toHaveLength(1);
  });

  test('are published exactly once wherever function and run are killed, as long as Lambda tries again what failed', async () => {
    const { topic, source } = await newSource('EFFECTIVELY_ONCE', { content: 'detail' });
    /** Kills at call `nth` of all ports. */
    const killedAt = (nth: number) => {
      let seen = 0;
      return new Fate(({ name, phase }: PortCall) => {
        seen += 1;
        if (seen === nth) throw new Crash(`${phase} ${name}`);
      });
    };
    let sent = 0;
    for (let nth = 1, isWhole = false; !isWhole; nth++) {
      const event = withDetail({ order: sent++ });
      event.id = `e-${nth}`;
      const fate = killedAt(nth);
      await send(event, watchPorts(deps, fate.watch)).catch(() => send(event));
      const run = killedAt(nth);
      await world.attempt(source, { watch: run.watch }).catch(() => undefined);
      isWhole = fate.crash === undefined && run.crash === undefined;
    }
    await world.attempt(source);
    expect(sent).toBeGreaterThan(10);
    expect((await world.texts(topic)).map((text) => JSON.parse(text).order)).toEqual([...Array(sent).keys()]);
  });

  test.each([
    ['without an id', { id: '' }],
    ['without a time', { time: undefined }],
    ['with a detail that is no object', { detail: [1] }],
  ])('%s are no events', async (_, change) => {
    await newSource('ATLEAST_ONCE');
    await expect(send({ ...sample(), ...change })).rejects.toMatchObject({ code: 'PIO_REQUEST_INVALID' });
  });

  test('of a source that nobody wants are refused', async () => {
    await newSource('ATLEAST_ONCE');
    await expect(send({ ...sample(), source: 'com.example.other' })).rejects.toMatchObject({ code: 'PIO_NOT_FOUND' });
  });

  test.each(GUARANTEES)('%s with a short memory of ids', (guarantee) => {
    const problems = eventbridgeSource.check?.({ rememberDays: 14 } as never, guarantee) ?? [];
    expect(problems.map(({ message }) => message)).toEqual(
      guarantee === 'ATLEAST_ONCE' ? [] : [expect.stringMatching(/^must be at least 15: .* 14 days/)],
    );
  });
});
