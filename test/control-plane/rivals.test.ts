import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SINK, SOURCE, startControlPlane, type TestControlPlane } from './harness.ts';

const RIVALS = 25;
const OUT_OF_DATE = 'Update request ignored because it is out of date. Please try again.';

let api: TestControlPlane;
beforeEach(async () => {
  api = await startControlPlane();
});
afterEach(() => api.close());

const reasons = (answers: readonly { status: number; reason: string | undefined }[]) => ({
  won: answers.filter(({ status }) => status === 204).length,
  refused: [...new Set(answers.filter(({ status }) => status !== 204).map(({ reason }) => reason))].sort(),
});

test('of many who create one name at once exactly one wins, and the stored one is his', async () => {
  const sinks = Array.from({ length: RIVALS }, (_, index) =>
    api.createSink('k1', { ...SINK, sourceSubscriptionName: `sub-${index}` }),
  );
  const sources = Array.from({ length: RIVALS }, () => api.createSource('k1', SOURCE));
  const answers = await Promise.all([...sinks, ...sources]);
  const { won, refused } = reasons(answers);
  expect(won).toBe(1);
  for (const reason of refused)
    expect([OUT_OF_DATE, 'Sink k1 already exists', 'Source k1 already exists']).toContain(reason);
  const winner = answers.findIndex(({ status }) => status === 204);
  const stored = await api.deps.registry.get({ tenant: 'public', namespace: 'default', name: 'k1' });
  const config = stored?.connector.config as { sourceSubscriptionName?: string };
  expect(config.sourceSubscriptionName).toBe(winner < RIVALS ? `sub-${winner}` : undefined);
});

test('of many who update at once, each either changed what is stored or was told to try again', async () => {
  await api.createSink('k1', SINK);
  const answers = await Promise.all(
    Array.from({ length: RIVALS }, (_, index) => api.updateSink('k1', { parallelism: index + 2 })),
  );
  const { won, refused } = reasons(answers);
  expect(won).toBeGreaterThanOrEqual(1);
  expect([[], [OUT_OF_DATE]]).toContainEqual(refused);
  const stored = await api.deps.registry.get({ tenant: 'public', namespace: 'default', name: 'k1' });
  expect(stored?.connector.generation).toBe(1 + won);
  expect(answers[(stored?.connector.config.parallelism ?? 0) - 2]?.status).toBe(204);
});
