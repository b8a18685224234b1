import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SOURCE_START } from '../../src/core/progress.ts';
import { bookOf } from '../../src/core/sink-book.ts';
import { SINK, SOURCE, startControlPlane, type TestControlPlane } from './harness.ts';

let api: TestControlPlane;
beforeEach(async () => {
  api = await startControlPlane();
});
afterEach(() => api.close());

const IN = 'persistent://public/default/in';
const put = (path: string, body: unknown) =>
  api.send({ method: 'PUT', path: `/admin/v3/${path}/positions`, body: JSON.stringify(body) });
const generation = async (name: string) =>
  (await api.deps.registry.get({ tenant: 'public', namespace: 'default', name }))?.connector.generation;

/** A stopped source with a run behind it that left a position, in doubt. */
const stoppedSource = async () => {
  await api.createSource('r1', SOURCE);
  const progress = { ...SOURCE_START, position: { next: 7 }, sequence: 6, clean: false, producerGeneration: 1 };
  await api.deps.checkpoints.fence('uid-1', '0', { generation: 1, epoch: 5 }, progress);
  await api.post('sources/public/default/r1/stop');
  return 'sources/public/default/r1';
};

describe('positions of a source', () => {
  test('are shown as they are stored', async () => {
    const path = await stoppedSource();
    expect((await api.get(`${path}/positions`)).json).toEqual({
      generation: 1,
      partitions: [{ partition: '0', position: { next: 7 }, sequence: 6, clean: false }],
    });
  });

  test('are set under a new generation that fences every run of the old one, with nothing in doubt (rule 11)', async () => {
    const path = await stoppedSource();
    expect((await put(path, { 0: { next: 3 } })).status).toBe(204);
    expect(await generation('r1')).toBe(2);
    expect(await api.deps.checkpoints.read('uid-1', '0')).toMatchObject({
      token: { generation: 2, epoch: 0 },
      progress: { ...SOURCE_START, position: { next: 3 } },
    });
    const late = api.deps.checkpoints.fence('uid-1', '0', { generation: 1, epoch: 99 }, SOURCE_START);
    await expect(late).rejects.toMatchObject({ code: 'PIO_FENCED' });
  });

  test('are forgotten by a reset, all or those named', async () => {
    const path = await stoppedSource();
    await api.deps.checkpoints.fence(
      'uid-1',
      '1',
      { generation: 1, epoch: 5 },
      { ...SOURCE_START, position: { next: 9 } },
    );
    expect((await api.post(`${path}/positions?partition=1`)).status).toBe(204);
    const shown = async () =>
      ((await api.get(`${path}/positions`)).json as { partitions: { position: unknown }[] }).partitions.map(
        ({ position }) => position,
      );
    expect(await shown()).toEqual([{ next: 7 }, null]);
    await api.post(`${path}/positions`);
    expect(await shown()).toEqual([null, null]);
  });

  test.each([
    [{ 0: { next: -1 } }, /position of 0 is none of a data-generator source: \/next/],
    [{ 0: { offset: 1 } }, /position of 0 is none/],
    [{ 0: 'earliest' }, /position of 0 is none/],
    [{}, /1 to 1000 entries/],
    [[1], /must be a JSON object/],
  ])('refuse %j', async (body, reason) => {
    const path = await stoppedSource();
    expect(await put(path, body)).toMatchObject({ status: 400, reason: expect.stringMatching(reason) });
    expect(await generation('r1')).toBe(1);
  });

  test('change only while every instance is stopped and no run is left', async () => {
    await api.createSource('r1', SOURCE);
    const path = 'sources/public/default/r1';
    for (const answer of [await put(path, { 0: null }), await api.post(`${path}/positions`)])
      expect(answer).toMatchObject({ status: 400, reason: expect.stringContaining('must be stopped') });
    await api.post(`${path}/stop`);
    const lease = await api.deps.leases.acquire('uid-1', 0, 'run-1');
    expect(await put(path, { 0: null })).toMatchObject({
      status: 409,
      reason: expect.stringContaining('has not ended'),
    });
    await api.deps.leases.release(lease, lease.status);
    expect((await put(path, { 0: null })).status).toBe(204);
  });

  test('do not exist for a source that is sent events', async () => {
    await api.createSource('r1', { topicName: 'out', archive: 'builtin://http' });
    expect(await api.get('sources/public/default/r1/positions')).toMatchObject({ status: 400 });
  });
});

describe('positions of a sink', () => {
  const stoppedSink = async () => {
    await api.createSink('s1', SINK);
    await api.post('sinks/public/default/s1/stop');
    return 'sinks/public/default/s1';
  };

  test.each([
    ['earliest', 'earliest'],
    ['latest', 'latest'],
    ['12:3', { ledgerId: 12, entryId: 3 }],
    ['2026-11-21T10:00:00Z', { publishTimeMs: Date.UTC(2026, 10, 21, 10) }],
    [1_700_000_000_000, { publishTimeMs: 1_700_000_000_000 }],
  ])('set to %j move the cursor there, and tell the next run to take it as its frontier', async (value, to) => {
    const path = await stoppedSink();
    expect((await put(path, { [IN]: value })).status).toBe(204);
    expect(api.pulsar.resets).toEqual([{ topic: 'in', subscription: 'public/default/s1', to }]);
    expect(await generation('s1')).toBe(2);
    expect(await api.deps.checkpoints.read('uid-1', bookOf('in'))).toMatchObject({
      token: { generation: 2, epoch: 0 },
      progress: { takesCursor: true },
    });
  });

  test.each(['yesterday', '12', '12:3:4', -1, null])('refuse %j', async (value) => {
    const path = await stoppedSink();
    expect(await put(path, { in: value })).toMatchObject({ status: 400, reason: expect.stringContaining('earliest') });
    expect(await put(path, { other: 'earliest' })).toMatchObject({
      status: 400,
      reason: expect.stringMatching(/these are: in$/),
    });
    expect(api.pulsar.resets).toEqual([]);
  });

  test('reset leave the cursor where it is', async () => {
    const path = await stoppedSink();
    expect((await api.post(`${path}/positions`)).status).toBe(204);
    expect(api.pulsar.resets).toEqual([]);
    expect(await api.deps.checkpoints.read('uid-1', bookOf('in'))).toMatchObject({ progress: { takesCursor: true } });
  });

  test('tell what the runs settled and what waits', async () => {
    const path = await stoppedSink();
    await api.deps.leases.updateStatus('uid-1', 0, (status) => ({
      ...status,
      topics: { in: { position: '4:2', publishTimeMs: 9 } },
    }));
    expect((await api.get(`${path}/positions`)).json).toEqual({
      generation: 1,
      subscription: 'public/default/s1',
      topics: [{ topic: 'in', position: '4:2', publishTime: 9, backlog: 0, lagMs: 0 }],
    });
  });
});

describe('a connector created stopped', () => {
  const parts = [
    { name: 'sourceConfig', contentType: 'application/json', body: JSON.stringify({ ...SOURCE, parallelism: 2 }) },
  ];
  const path = '/admin/v3/sources/public/default/r1';

  test('has no run until it is started', async () => {
    expect((await api.send({ method: 'POST', path: `${path}?stopped=true`, parts })).status).toBe(204);
    expect(api.invoked).toEqual([]);
    expect((await api.get('sources/public/default/r1/status')).json).toMatchObject({ numInstances: 2, numRunning: 0 });
    expect((await put('sources/public/default/r1', { 0: { next: 5 } })).status).toBe(204);
    expect((await api.post('sources/public/default/r1/start')).status).toBe(204);
    expect(api.invoked.map(({ instance, generation: g }) => [instance, g])).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });

  test('is refused for any other word', async () => {
    expect(await api.send({ method: 'POST', path: `${path}?stopped=yes`, parts })).toMatchObject({ status: 400 });
  });
});
