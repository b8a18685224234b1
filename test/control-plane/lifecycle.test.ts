import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createControlPlane } from '../../src/control-plane/index.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import { type InstanceStatus, NEW_STATUS } from '../../src/core/instance-status.ts';
import { StoreConflictError } from '../../src/core/store-conflict.ts';
import { SINK, SOURCE, startControlPlane, type TestControlPlane } from './harness.ts';
import { eventOf } from './requests.ts';

let api: TestControlPlane;
beforeEach(async () => {
  api = await startControlPlane();
});
afterEach(() => api.close());

const setStatus = (uid: string, instance: number, change: Partial<InstanceStatus>) =>
  api.deps.leases.updateStatus(uid, instance, () => ({ ...NEW_STATUS, ...change }));

const stored = async (name: string) =>
  (await api.deps.registry.get({ tenant: 'public', namespace: 'default', name }))?.connector;

describe('status', () => {
  test.each([
    ['starting', true],
    ['running', true],
    ['idle', true],
    ['backoff', true],
    ['failed', false],
    ['finished', false],
  ] as const)('counts an instance in phase %s as running: %s', async (phase, running) => {
    await api.createSource('r1', SOURCE);
    await setStatus('uid-1', 0, { phase, generation: 1 });
    expect((await api.get('sources/public/default/r1/status')).json).toMatchObject({
      numInstances: 1,
      numRunning: running ? 1 : 0,
      instances: [{ instanceId: 0, status: { running } }],
    });
  });

  test('names the run at work, also while it ends after a stop, and keeps showing how far it got', async () => {
    await api.createSource('r1', SOURCE);
    const partitions = { p: { position: { next: 5 }, sequence: 4, timestampMs: 3 } };
    const lease = await api.deps.leases.acquire('uid-1', 0, 'run-1');
    await setStatus('uid-1', 0, { phase: 'running', generation: 1, numWritten: 5, partitions });
    const details = async () => (await api.get('sources/public/default/r1/0/status')).json.details;
    expect(await details()).toMatchObject({ phase: 'running', runId: 'run-1', runs: 1, partitions });
    await api.post('sources/public/default/r1/stop');
    expect(await details()).toMatchObject({ phase: 'stopping', runId: 'run-1', partitions });
    await api.deps.leases.release(lease, NEW_STATUS);
    expect(await details()).toMatchObject({ phase: 'stopped', runs: 1 });
    expect(await details()).not.toHaveProperty('runId');
  });

  test('asks Pulsar how much waits for a sink and for how long, and says when it cannot tell', async () => {
    await api.createSink('s1', SINK);
    const oldestPublishTimeMs = api.clock.nowMs() - 4_000;
    const found = { msgBacklog: 3, oldestPublishTimeMs, consumers: 0, properties: {} };
    api.pulsar.topicStats = async () => ({ subscriptions: { 'public/default/s1': found } });
    const waiting = async () => (await api.get('sinks/public/default/s1/status')).json.details.waiting;
    expect(await waiting()).toEqual({
      topics: [{ topic: expect.stringContaining('in'), position: null, publishTime: null, backlog: 3, lagMs: 4_000 }],
    });
    api.pulsar.topicStats = () => Promise.reject(new PulsarIoError('PIO_PULSAR_UNAVAILABLE', 'no answer'));
    expect(await waiting()).toEqual({ problem: 'no answer' });
  });

  test('says since when a run that holds the lease has not reported', async () => {
    await api.createSource('r1', SOURCE);
    const { expiresAtMs } = await api.deps.leases.acquire('uid-1', 0, 'run-1');
    expect((await api.get('sources/public/default/r1/status')).json).toMatchObject({ numRunning: 1 });
    await api.clock.sleep(60_000);
    const { running, error } = (await api.get('sources/public/default/r1/0/status')).json as Record<string, unknown>;
    expect(running).toBe(false);
    expect(error).toContain(new Date(expiresAtMs).toISOString());
  });

  test('shows counters, errors and exceptions of a failed instance, each where its kind has it', async () => {
    const exception = { exceptionString: '[PIO_SINK_MISCONFIGURED]: no table', timestampMs: 7 };
    await api.createSink('s1', SINK);
    await setStatus('uid-1', 0, {
      phase: 'failed',
      generation: 1,
      error: 'no table',
      numReceived: 5,
      numWritten: 3,
      numConnectorExceptions: 12,
      latestConnectorExceptions: [exception],
      numSystemExceptions: 1,
      lastReceivedTimeMs: 9,
      numRestarts: 2,
      lastFailure: { code: 'PIO_SINK_MISCONFIGURED', message: 'no table', causes: ['Error: 42P01'], timestampMs: 7 },
      numDeadLettered: 4,
      numRedriven: 1,
      failuresInRow: 2,
      nextRunAtMs: 11,
      topics: { in: { position: '4:2', publishTimeMs: 8, parkedKeys: 3 } },
    });
    expect((await api.get('sinks/public/default/s1/0/status')).json).toEqual({
      running: false,
      error: 'no table',
      numRestarts: 2,
      numReadFromPulsar: 5,
      numSystemExceptions: 1,
      latestSystemExceptions: [],
      numSinkExceptions: 12,
      latestSinkExceptions: [exception],
      numWrittenToSink: 3,
      lastReceivedTime: 9,
      details: {
        phase: 'failed',
        runs: 0,
        numDeadLettered: 4,
        numRedriven: 1,
        numDropped: 0,
        failuresInRow: 2,
        nextRunTime: 11,
        retrying: [],
        lastFailure: { code: 'PIO_SINK_MISCONFIGURED', message: 'no table', causes: ['Error: 42P01'], timestampMs: 7 },
        topics: { in: { position: '4:2', publishTimeMs: 8, parkedKeys: 3 } },
        partitions: {},
        warnings: [],
      },
      workerId: 'worker-1',
    });
  });

  test('takes the failure of an older generation as past', async () => {
    await api.createSource('r1', SOURCE);
    await setStatus('uid-1', 0, { phase: 'failed', error: 'broken', generation: 1 });
    await api.updateSource('r1', { configs: { sleepBetweenMessages: 1 } });
    expect((await api.get('sources/public/default/r1/0/status')).json).toMatchObject({ running: true, error: '' });
  });
});

describe('start and stop', () => {
  test('stops and starts one instance of two', async () => {
    await api.createSource('r1', { ...SOURCE, parallelism: 2 });
    expect((await api.post('sources/public/default/r1/1/stop')).status).toBe(204);
    expect(await stored('r1')).toMatchObject({ instanceStates: { 0: 'RUNNING', 1: 'STOPPED' }, generation: 1 });
    expect((await api.get('sources/public/default/r1/status')).json).toMatchObject({ numRunning: 1 });
    expect((await api.post('sources/public/default/r1/1/stop')).reason).toBe('Operation not permitted');
    api.invoked.length = 0;
    expect((await api.post('sources/public/default/r1/1/start')).status).toBe(204);
    expect(api.invoked.map(({ instance }) => instance)).toEqual([1]);
  });

  test('lets an instance that an update added be stopped', async () => {
    await api.createSource('r1', SOURCE);
    await api.post('sources/public/default/r1/stop');
    await api.updateSource('r1', { parallelism: 2 });
    expect((await api.get('sources/public/default/r1/status')).json).toMatchObject({ numRunning: 1, numInstances: 2 });
    expect((await api.post('sources/public/default/r1/1/stop')).status).toBe(204);
  });

  test('starts counters afresh', async () => {
    await api.createSource('r1', SOURCE);
    await setStatus('uid-1', 0, { phase: 'failed', error: 'broken', numWritten: 9, generation: 1 });
    await api.post('sources/public/default/r1/stop');
    await api.post('sources/public/default/r1/start');
    expect((await api.get('sources/public/default/r1/0/status')).json).toMatchObject({
      running: true,
      error: '',
      numWritten: 0,
    });
  });

  test('has started what is stored as started, also when its status changes too fast to be reset', async () => {
    await api.createSource('r1', SOURCE);
    await api.post('sources/public/default/r1/stop');
    const { leases } = api.deps;
    const overtaken = async () => {
      throw new StoreConflictError({ pk: 'l#uid-1', sk: '0' }, 1, undefined);
    };
    const busy = createControlPlane({ ...api.deps, leases: { ...leases, updateStatus: overtaken } });
    const start = eventOf({ method: 'POST', path: '/admin/v3/sources/public/default/r1/start' });
    expect((await busy(start, AbortSignal.timeout(60_000))).statusCode).toBe(204);
    expect(api.invoked).toHaveLength(2);
  });

  test('refuses to start what runs', async () => {
    await api.createSource('r1', SOURCE);
    expect(await api.post('sources/public/default/r1/start')).toMatchObject({
      status: 400,
      reason: 'Operation not permitted',
    });
  });

  test('tells the loser of a race that it is out of date', async () => {
    await api.createSource('r1', SOURCE);
    const answers = await Promise.all([
      api.post('sources/public/default/r1/stop'),
      api.post('sources/public/default/r1/restart'),
    ]);
    const lost = answers.filter(({ status }) => status !== 204);
    expect(lost.length).toBeLessThanOrEqual(1);
    for (const { reason } of lost)
      expect(reason).toBe('Update request ignored because it is out of date. Please try again.');
  });
});

describe('restart', () => {
  test('raises the number of restarts, clears the failure and starts runs', async () => {
    await api.createSource('r1', { ...SOURCE, parallelism: 2 });
    await setStatus('uid-1', 1, { phase: 'failed', error: 'broken', numWritten: 9, generation: 1 });
    api.invoked.length = 0;
    expect((await api.post('sources/public/default/r1/1/restart')).status).toBe(204);
    expect(await stored('r1')).toMatchObject({ restarts: { 1: 1 }, generation: 1 });
    expect(api.invoked.map(({ instance }) => instance)).toEqual([1]);
    expect((await api.get('sources/public/default/r1/1/status')).json).toMatchObject({
      running: true,
      error: '',
      numWritten: 0,
    });
    await api.post('sources/public/default/r1/restart');
    expect(await stored('r1')).toMatchObject({ restarts: { 0: 1, 1: 2 } });
  });

  test('shows nothing of what a run from before the restart counts while it ends', async () => {
    await api.createSource('r1', SOURCE);
    const lease = await api.deps.leases.acquire('uid-1', 0, 'run-1');
    await api.post('sources/public/default/r1/restart');
    await api.deps.leases.release(lease, { ...lease.status, numWritten: 9, generation: 1 });
    expect((await api.get('sources/public/default/r1/0/status')).json).toMatchObject({ running: true, numWritten: 0 });
  });

  test('starts a stopped instance, and it stays started', async () => {
    await api.createSource('r1', SOURCE);
    await api.post('sources/public/default/r1/stop');
    expect((await api.post('sources/public/default/r1/restart')).status).toBe(204);
    expect(await stored('r1')).toMatchObject({ instanceStates: { 0: 'RUNNING' } });
    expect((await api.post('sources/public/default/r1/stop')).status).toBe(204);
  });

  test('names an instance that does not exist', async () => {
    await api.createSource('r1', SOURCE);
    expect((await api.post('sources/public/default/r1/9/restart')).reason).toBe("public/default/r1/9 doesn't exist");
  });
});

describe('starting runs at once', () => {
  const started = async (msOfEach: number): Promise<number> => {
    const invokeRun = async () => api.clock.advance(msOfEach);
    await api.close();
    let count = 0;
    api = await startControlPlane({
      invokeRun: async () => {
        count += 1;
        await invokeRun();
      },
    });
    await api.createSource('r1', { ...SOURCE, parallelism: 120 });
    return count;
  };

  test('starts all instances, however many', async () => {
    expect(await started(0)).toBe(120);
  });

  test('leaves to the dispatcher what five seconds are not enough for', async () => {
    expect(await started(100)).toBe(50);
  });
});
