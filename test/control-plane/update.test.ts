import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { planted } from '../kit/planted.ts';
import { SINK, SOURCE, startControlPlane, type TestControlPlane } from './harness.ts';

let api: TestControlPlane;
beforeEach(async () => {
  api = await startControlPlane();
});
afterEach(() => api.close());

const stored = async (name: string) =>
  (await api.deps.registry.get({ tenant: 'public', namespace: 'default', name }))?.connector;

describe('update', () => {
  test('raises the generation with every change and starts runs of it, but not when nothing changes (rule 10)', async () => {
    await api.createSource('r1', SOURCE);
    expect((await api.updateSource('r1', { parallelism: 2 })).status).toBe(204);
    expect(await stored('r1')).toMatchObject({ generation: 2, config: { parallelism: 2, topicName: 'out' } });
    expect(api.invoked.slice(1).map(({ generation, instance }) => [generation, instance])).toEqual([
      [2, 0],
      [2, 1],
    ]);
    expect(await api.updateSource('r1', { parallelism: 2 })).toMatchObject({
      status: 400,
      reason: 'Update contains no change',
    });
    expect(await stored('r1')).toMatchObject({ generation: 2 });
  });

  test('takes credentials alone as a change, as Pulsar does', async () => {
    await api.createSource('r1', SOURCE);
    const options = { name: 'updateOptions', contentType: 'application/json', body: '{"updateAuthData":true}' };
    expect((await api.updateSource('r1', {}, [options])).status).toBe(204);
    expect(await stored('r1')).toMatchObject({ generation: 1 });
  });

  test('takes what GET answered as no change', async () => {
    const full = {
      ...SINK,
      processingGuarantees: 'EFFECTIVELY_ONCE',
      configs: { ...SINK.configs, idempotencyHeader: 'x', token: planted('sesame') },
      secrets: { password: planted('hunter2'), reference: { path: 'p', key: 'k' } },
      maxMessageRetries: 3,
      deadLetterTopic: 'dlq',
      timeoutMs: 5000,
      inputSpecs: { in: { schemaType: 'string', receiverQueueSize: 7 } },
    };
    await api.createSink('s1', full);
    const shown = (await api.get('sinks/public/default/s1')).json;
    expect(await api.updateSink('s1', shown)).toMatchObject({ status: 400, reason: 'Update contains no change' });
  });

  test('changes guarantee and ordering of a living connector', async () => {
    await api.createSink('s1', { ...SINK, retainOrdering: true });
    expect((await api.updateSink('s1', { processingGuarantees: 'ATMOST_ONCE' })).status).toBe(204);
    expect((await api.updateSink('s1', { retainKeyOrdering: true })).status).toBe(204);
    expect((await api.get('sinks/public/default/s1')).json).toMatchObject({
      processingGuarantees: 'ATMOST_ONCE',
      retainOrdering: false,
      retainKeyOrdering: true,
    });
  });

  test('shows order with EFFECTIVELY_ONCE only as long as the guarantee lasts', async () => {
    await api.createSink('s1', { ...SINK, configs: { ...SINK.configs, idempotencyHeader: 'x' } });
    await api.updateSink('s1', { processingGuarantees: 'EFFECTIVELY_ONCE' });
    expect((await api.get('sinks/public/default/s1')).json).toMatchObject({ retainOrdering: true });
    await api.updateSink('s1', { processingGuarantees: 'ATLEAST_ONCE' });
    expect((await api.get('sinks/public/default/s1')).json).toMatchObject({ retainOrdering: false });
  });

  test('honours retries and dead letters, and zero retries ends them', async () => {
    await api.createSink('s1', SINK);
    await api.updateSink('s1', { maxMessageRetries: 4, deadLetterTopic: 'dlq', negativeAckRedeliveryDelayMs: 100 });
    expect((await api.get('sinks/public/default/s1')).json).toMatchObject({
      maxMessageRetries: 4,
      deadLetterTopic: 'dlq',
      negativeAckRedeliveryDelayMs: 100,
    });
    await api.updateSink('s1', { maxMessageRetries: 0 });
    const { json } = await api.get('sinks/public/default/s1');
    expect(json).not.toHaveProperty('maxMessageRetries');
    expect(json).not.toHaveProperty('deadLetterTopic');
  });

  test('keeps an Earliest position when pulsar-admin sends its default', async () => {
    await api.createSink('s1', { ...SINK, sourceSubscriptionPosition: 'Earliest' });
    await api.updateSink('s1', { sourceSubscriptionPosition: 'Latest', parallelism: 2 });
    expect((await api.get('sinks/public/default/s1')).json).toMatchObject({ sourceSubscriptionPosition: 'Earliest' });
  });

  test('keeps states, so that a stopped connector stays stopped', async () => {
    await api.createSource('r1', SOURCE);
    await api.post('sources/public/default/r1/stop');
    api.invoked.length = 0;
    expect((await api.updateSource('r1', { configs: { sleepBetweenMessages: 300 } })).status).toBe(204);
    expect(await stored('r1')).toMatchObject({ instanceStates: { 0: 'STOPPED' }, generation: 2 });
    expect(api.invoked).toEqual([]);
  });

  test('replaces configs as a whole, but a mask stands for what is stored', async () => {
    await api.createSink('s1', { ...SINK, configs: { url: 'http://x', token: planted('sesame'), timeoutMs: 5 } });
    expect((await api.get('sinks/public/default/s1')).json.configs).toEqual({
      url: 'http://x',
      token: '********',
      timeoutMs: 5,
    });
    await api.updateSink('s1', { configs: { url: 'http://y', token: '********' } });
    expect(await stored('s1')).toMatchObject({ config: { configs: { url: 'http://y', token: planted('sesame') } } });
    expect((await stored('s1'))?.config.configs).not.toHaveProperty('timeoutMs');
  });

  test('refuses a mask that stands for nothing', async () => {
    expect(await api.createSink('s1', { ...SINK, configs: { url: 'http://x', token: '********' } })).toMatchObject({
      status: 400,
      reason: expect.stringContaining('/configs/token is the mask that GET shows'),
    });
    await api.createSink('s1', SINK);
    expect((await api.updateSink('s1', { secrets: { password: '********' } })).reason).toContain('/secrets/password');
  });

  test('masks secrets that are plain text and shows references', async () => {
    await api.createSink('s1', {
      ...SINK,
      secrets: { password: planted('hunter2'), reference: { path: 'p', key: 'k' } },
    });
    expect((await api.get('sinks/public/default/s1')).json.secrets).toEqual({
      password: '********',
      reference: { path: 'p', key: 'k' },
    });
    const changed = { password: '********', reference: { path: 'p2', key: 'k' } };
    expect((await api.updateSink('s1', { secrets: changed })).status).toBe(204);
    expect(await stored('s1')).toMatchObject({
      config: { secrets: { password: planted('hunter2'), reference: { path: 'p2' } } },
    });
  });

  test.each([
    [{ inputs: ['other'] }, 'Input Topics cannot be altered'],
    [{ inputSpecs: { in: { isRegexPattern: true } } }, 'isRegexPattern for input topic in cannot be altered'],
    [{ sourceSubscriptionName: 'other' }, 'Subscription Name cannot be altered'],
    [{ autoAck: false }, 'AutoAck cannot be altered'],
    [{ archive: 'https://x.example/x.nar' }, 'Sink Package is not provided'],
    [{ archive: 'builtin://nosuch' }, 'Built-in sink is not available'],
    [{ archive: 'builtin://jdbc-sqlite' }, 'Sink class org.apache.pulsar.io.http.HttpSink not found'],
  ])('refuses %j', async (change, reason) => {
    await api.createSink('s1', SINK);
    expect(await api.updateSink('s1', change)).toMatchObject({ status: 400, reason });
  });

  test('tells a stale update from a store that changed in between', async () => {
    await api.createSource('r1', SOURCE);
    const { registry } = api.deps;
    const racing = await startControlPlane({
      registry: {
        ...registry,
        update: async (registered, connector, signal) => {
          await registry.update(registered, registered.connector, signal);
          return registry.update(registered, connector, signal);
        },
      },
    });
    expect(await racing.updateSource('r1', { parallelism: 3 })).toMatchObject({
      status: 400,
      reason: 'Update request ignored because it is out of date. Please try again.',
    });
    racing.close();
  });

  test('keeps the discovery triggerer of a batch source', async () => {
    const batchSourceConfig = { discoveryTriggererClassName: 'x.Y' };
    await api.createSource('r1', { ...SOURCE, batchSourceConfig });
    const other = { batchSourceConfig: { discoveryTriggererClassName: 'x.Z' } };
    expect((await api.updateSource('r1', other)).reason).toBe(
      'DiscoverTriggerer class cannot be updated for batchsources',
    );
    expect((await api.updateSource('r1', { parallelism: 2 })).reason).toBe(
      'Sources cannot be update between regular sources and batchsource',
    );
    expect((await api.updateSource('r1', { parallelism: 2, batchSourceConfig })).status).toBe(204);
  });
});
