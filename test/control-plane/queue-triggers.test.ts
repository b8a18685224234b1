import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { catalogue } from '../../src/connectors/catalogue.ts';
import type { EventTrigger } from '../../src/core/connector-type.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import { queueTriggers } from '../../src/dispatcher/queue-triggers.ts';
import { leaseStore } from '../../src/stores/leases.ts';
import { openItemStore } from '../../src/stores/open.ts';
import { registry } from '../../src/stores/registry.ts';
import { triggerStore } from '../../src/stores/triggers.ts';
import { startControlPlane, type TestControlPlane } from './harness.ts';

const arnOf = (queue: string) => `arn:aws:sqs:us-east-1:123456789012:${queue}`;
const source = (queueName: string, more: object = {}) => ({
  archive: 'builtin://sqs',
  topicName: 'out',
  configs: { awsRegion: 'us-east-1', queueName, trigger: 'event', queueArn: arnOf(queueName), ...more },
});

describe('a source that a queue triggers', () => {
  let api: TestControlPlane;
  /** Enabled or not, by queue. */
  let mapped: Map<string, boolean>;
  let failure: PulsarIoError | undefined;
  beforeEach(async () => {
    mapped = new Map();
    failure = undefined;
    const items = await openItemStore('sqlite::memory:');
    const stores = { registry: registry(items), leases: leaseStore(items), triggers: triggerStore(items) };
    const mappings = {
      ensure: async ({ arn }: EventTrigger, _uid: string, isEnabled: boolean) => {
        if (failure) throw failure;
        mapped.set(arn, isEnabled);
      },
      remove: async (arn: string) => {
        if (failure) throw failure;
        mapped.delete(arn);
      },
    };
    const { registry: connectors, leases } = stores;
    const triggers = queueTriggers({ ...stores, catalogue, mappings });
    api = await startControlPlane({ registry: connectors, leases, catalogue, queueTriggers: triggers });
  });
  afterEach(() => api.close());

  const inQueue = (queue: string) => mapped.get(arnOf(queue));
  const statusOf = async () => (await api.get('sources/public/default/a/status')).text;

  test('has its mapping created, disabled, enabled and deleted with it', async () => {
    expect(await api.createSource('a', source('q'))).toMatchObject({ status: 204 });
    expect(inQueue('q')).toBe(true);
    await api.post('sources/public/default/a/stop');
    expect(inQueue('q')).toBe(false);
    await api.post('sources/public/default/a/start');
    expect(inQueue('q')).toBe(true);
    await api.remove('sources/public/default/a');
    expect(inQueue('q')).toBeUndefined();
  });

  test('is refused for a queue that another has, and leaves nothing behind', async () => {
    await api.createSource('a', source('q'));
    const refused = await api.createSource('b', source('q'));
    expect(refused).toMatchObject({ status: 400, reason: expect.stringContaining('public/default/a') });
    expect((await api.get('sources/public/default/b')).status).toBe(404);
  });

  test('takes its mapping along to another queue, or to being polled', async () => {
    await api.createSource('a', source('q'));
    expect(await api.updateSource('a', source('q2'))).toMatchObject({ status: 204 });
    expect([...mapped.keys()]).toEqual([arnOf('q2')]);
    await api.updateSource('a', { ...source('q2'), configs: { awsRegion: 'us-east-1', queueName: 'q2' } });
    expect([...mapped.keys()]).toEqual([]);
  });

  test('says in its status that Lambda does not map its queue, and is deleted only once the mapping is', async () => {
    failure = new PulsarIoError('PIO_TRIGGER_UNAVAILABLE', 'Lambda is away');
    expect(await api.createSource('a', source('q'))).toMatchObject({ status: 204 });
    expect((await api.deps.leases.read('uid-1', 0))?.status.error).toBe('event source mapping: Lambda is away');
    expect(await statusOf()).toContain('Lambda is away');
    for (const again of [['restart'], ['stop', 'start']]) {
      for (const command of again) await api.post(`sources/public/default/a/${command}`);
      expect(await statusOf()).toContain('Lambda is away');
    }
    expect(await api.remove('sources/public/default/a')).toMatchObject({ status: 503 });
    failure = undefined;
    expect(await api.remove('sources/public/default/a')).toMatchObject({ status: 204 });
  });
});
