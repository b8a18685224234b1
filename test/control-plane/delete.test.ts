import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PulsarIoError } from '../../src/core/errors.ts';
import { SINK, SOURCE, startControlPlane, type TestControlPlane } from './harness.ts';

const UNAVAILABLE = new PulsarIoError('PIO_PULSAR_UNAVAILABLE', 'no answer');

let api: TestControlPlane;
beforeEach(async () => {
  api = await startControlPlane();
});
afterEach(() => api.close());

const registered = (name: string) => api.deps.registry.get({ tenant: 'public', namespace: 'default', name });

describe('delete', () => {
  test('removes connector, checkpoints, status and subscription', async () => {
    await api.createSink('s1', SINK);
    await api.deps.checkpoints.fence('uid-1', 'p', { generation: 1, epoch: 1 }, {});
    expect(await api.remove('sinks/public/default/s1')).toMatchObject({ status: 204, text: '' });
    expect(await registered('s1')).toBeUndefined();
    expect(await api.deps.checkpoints.list('uid-1')).toEqual([]);
    expect(await api.deps.leases.read('uid-1', 0)).toBeUndefined();
    expect(api.pulsar.deleted).toEqual([{ topic: 'in', subscription: 'public/default/s1', force: false }]);
    expect(await api.remove('sinks/public/default/s1')).toMatchObject({ status: 404, reason: "Sink s1 doesn't exist" });
  });

  test('keeps the subscription when it was told to, and that of a source is none', async () => {
    await api.createSink('s1', { ...SINK, cleanupSubscription: false });
    await api.createSource('r1', SOURCE);
    await api.remove('sinks/public/default/s1');
    await api.remove('sources/public/default/r1');
    expect(api.pulsar.deleted).toEqual([]);
  });

  test('deletes the guards of a source on its topic, and on those that its records named', async () => {
    await api.createSource('r1', SOURCE);
    const [other, guard] = ['persistent://public/default/other', 'pulsar-io-guard.uid-1.p'];
    await api.deps.checkpoints.fence('uid-1', 'p', { generation: 1, epoch: 1 }, { destinations: { [other]: 0 } });
    for (const topic of [SOURCE.topicName, other])
      api.pulsar.existing.set(
        topic,
        new Map([
          [guard, {}],
          ['kept', {}],
        ]),
      );
    await api.remove('sources/public/default/r1');
    const both = [SOURCE.topicName, other].map((topic) => ({ topic, subscription: guard, force: true }));
    expect(api.pulsar.deleted).toEqual(both);
  });

  test('deletes the subscription on every topic that a pattern matches, and only there', async () => {
    const topics = ['a-1', 'a-2', 'b'].map((name) => `persistent://public/default/${name}`);
    for (const topic of topics) api.pulsar.existing.set(topic, new Map([['sub', {}]]));
    await api.createSink('s1', {
      ...SINK,
      inputs: [],
      topicsPattern: 'public/default/a-.*',
      sourceSubscriptionName: 'sub',
    });
    await api.remove('sinks/public/default/s1');
    expect(api.pulsar.deleted.map(({ topic }) => topic)).toEqual(topics.slice(0, 2));
  });

  test('disconnects a run that is still there only from a subscription that a run of this connector made', async () => {
    await api.createSink('s1', { ...SINK, inputs: ['in', 'shared'] });
    api.pulsar.existing.set('in', new Map([['public/default/s1', { 'pulsar-io.uid': 'uid-1' }]]));
    api.pulsar.existing.set('shared', new Map([['public/default/s1', { 'pulsar-io.uid': 'uid-of-another' }]]));
    await api.remove('sinks/public/default/s1');
    expect(api.pulsar.deleted.map(({ topic, force }) => [topic, force])).toEqual([
      ['in', true],
      ['shared', false],
    ]);
  });

  test('goes on when Pulsar refuses to delete the subscription, and reports it', async () => {
    await api.createSink('s1', SINK);
    api.pulsar.failure = new PulsarIoError('PIO_PULSAR_REFUSED', 'Subscription has active connected consumers');
    expect((await api.remove('sinks/public/default/s1')).status).toBe(204);
    expect(api.errors).toEqual([api.pulsar.failure]);
  });

  test('waits for a run to hand back its lease', async () => {
    await api.createSink('s1', SINK);
    const lease = await api.deps.leases.acquire('uid-1', 0, 'run-1');
    const { sleep } = api.clock;
    let looks = 0;
    api.clock.sleep = async (ms, signal) => {
      await sleep(ms, signal);
      if (++looks === 3) await api.deps.leases.release(lease, lease.status);
    };
    expect((await api.remove('sinks/public/default/s1')).status).toBe(204);
    expect(looks).toBe(3);
  });

  test('waits a few seconds at most, and the run that did not end loses its lease', async () => {
    await api.createSink('s1', SINK);
    const lease = await api.deps.leases.acquire('uid-1', 0, 'run-1');
    const startedMs = api.clock.nowMs();
    expect((await api.remove('sinks/public/default/s1')).status).toBe(204);
    expect(api.clock.nowMs() - startedMs).toBe(8_000);
    await expect(api.deps.leases.renew(lease, lease.status)).rejects.toMatchObject({ code: 'PIO_LEASE_LOST' });
  });

  test('is gone for everyone while it broke off half-way, and repeating it finishes it', async () => {
    await api.createSink('s1', SINK);
    api.pulsar.failure = UNAVAILABLE;
    expect(await api.remove('sinks/public/default/s1')).toMatchObject({
      status: 503,
      reason: expect.stringContaining('The Pulsar broker did not answer'),
    });
    expect((await registered('s1'))?.connector.deleting).toBe(true);
    expect((await api.get('sinks/public/default/s1')).status).toBe(404);
    expect((await api.get('sinks/public/default')).json).toEqual([]);
    expect((await api.updateSink('s1', { parallelism: 2 })).reason).toBe("Sink s1 doesn't exist");
    api.pulsar.failure = undefined;
    expect((await api.remove('sinks/public/default/s1')).status).toBe(204);
    expect(await registered('s1')).toBeUndefined();
  });

  test('is finished by a create of the same name, which shares nothing with it', async () => {
    await api.createSink('s1', SINK);
    await api.deps.checkpoints.fence('uid-1', 'p', { generation: 1, epoch: 1 }, {});
    api.pulsar.failure = UNAVAILABLE;
    await api.remove('sinks/public/default/s1');
    api.pulsar.failure = undefined;
    expect((await api.createSource('s1', SOURCE)).status).toBe(204);
    expect((await registered('s1'))?.connector).toMatchObject({ kind: 'source', uid: 'uid-2' });
    expect(await api.deps.checkpoints.list('uid-1')).toEqual([]);
    expect(api.pulsar.deleted).toHaveLength(1);
  });
});
