import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { catalogue } from '../../src/connectors/catalogue.ts';
import { GUARANTEES } from '../../src/core/guarantee.ts';
import { startControlPlane, type TestControlPlane } from './harness.ts';

let api: TestControlPlane;
beforeEach(async () => {
  api = await startControlPlane({ catalogue });
});
afterEach(() => api.close());

const create = (kind: 'source' | 'sink', type: string, guarantee: string, configs: object = {}) => {
  const common = { archive: `builtin://${type}`, processingGuarantees: guarantee, configs };
  return kind === 'sink'
    ? api.createSink('one', { ...common, inputs: ['in'] })
    : api.createSource('one', { ...common, topicName: 'out' });
};

const TYPES = [...catalogue.sinks, ...catalogue.sources];

const pairs = (isHeld: boolean) =>
  TYPES.flatMap(({ kind, name, guarantees }) =>
    GUARANTEES.filter((guarantee) => guarantees.includes(guarantee) === isHeld).map(
      (guarantee) => [kind, name, guarantee] as const,
    ),
  );

test.each(pairs(false))('refuses a %s %s with %s, and says what is possible', async (kind, name, guarantee) => {
  const { status, reason } = await create(kind, name, guarantee);
  const able = TYPES.filter((type) => type.kind === kind && type.guarantees.includes(guarantee));
  const others = able.map((type) => type.name).sort();
  expect(status).toBe(400);
  expect(reason).toMatch(new RegExp(`A ${name} ${kind} cannot hold ${guarantee}.*\\. Use ATLEAST_ONCE`));
  expect(reason).toContain(`that can: ${others.join(', ')}`);
  expect(api.invoked).toEqual([]);
});

test.each(pairs(true))('does not refuse a %s %s for asking %s', async (kind, name, guarantee) => {
  const { status, reason = '' } = await create(kind, name, guarantee);
  expect(status === 204 || /configs/.test(reason)).toBe(true);
  expect(reason).not.toMatch(new RegExp(`A ${name} ${kind} cannot hold`));
});

test('refuses a guarantee that the type holds, but not with this configuration, and names the key', async () => {
  const configs = { path: '/tmp/x.ndjson', format: 'ndjson', lastLine: 'take' };
  const { status, reason } = await create('source', 'file', 'EFFECTIVELY_ONCE', configs);
  expect({ status, reason }).toMatchObject({
    status: 400,
    reason: expect.stringMatching(/cannot hold EFFECTIVELY_ONCE as it is configured: \/configs\/lastLine/),
  });
  expect((await create('source', 'file', 'ATLEAST_ONCE', configs)).status).toBe(204);
});
