import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CONSTANTS, PRICES } from '../../src/control-plane/cost/prices.ts';
import { DEFAULT_RUN_SETTINGS } from '../../src/runtime/run-settings.ts';
import { SINK, SOURCE, startControlPlane, type TestControlPlane } from './harness.ts';

let api: TestControlPlane;
beforeEach(async () => {
  api = await startControlPlane();
});
afterEach(() => api.close());

const post = (kind: 'source' | 'sink', config: object, query = '') =>
  api.send({
    method: 'POST',
    path: `/admin/v3/${kind}s/public/default/c/cost${query}`,
    parts: [{ name: `${kind}Config`, contentType: 'application/json', body: JSON.stringify(config) }],
  });

interface Sum {
  readonly usd: number;
  readonly items: readonly { item: string; quantity: number; usd: number }[];
}
type Estimate = { perMillionRecords: Sum; perIdleMonth: Sum; deploymentPerMonth: Sum; assumptions: object };

const quantity = ({ items }: Sum, name: string) => items.find(({ item }) => item.startsWith(name))?.quantity;

test('adds up what a million records take, at the rate and size that the query says', async () => {
  const { status, json } = await post('sink', SINK, '?recordsPerSecond=2000&memoryMb=1024');
  expect(status).toBe(200);
  const { perMillionRecords, assumptions } = json as Estimate;
  expect(assumptions).toMatchObject({ recordsPerSecond: 2000, memoryMb: 1024, guarantee: 'ATLEAST_ONCE' });
  expect(quantity(perMillionRecords, 'Lambda, time')).toBe(500);
  expect(quantity(perMillionRecords, 'DynamoDB, commits')).toBe(0);
  expect(perMillionRecords.usd).toBeCloseTo(
    perMillionRecords.items.reduce((all, { usd }) => all + usd, 0),
    6,
  );
  expect(perMillionRecords.usd).toBeGreaterThan(500 * PRICES.lambdaGbSecond);
});

test('counts a commit for each batch where a guarantee keeps progress in the store', async () => {
  const { json } = await post('source', SOURCE);
  expect(quantity((json as Estimate).perMillionRecords, 'DynamoDB, commits')).toBe(1_000);
});

test('counts an idle sink by the ticks that look at each of its instances', async () => {
  await api.createSink('c', { ...SINK, parallelism: 2 });
  const { status, json } = await api.get('sinks/public/default/c/cost');
  expect(status).toBe(200);
  const { perIdleMonth } = json as Estimate;
  expect(perIdleMonth.items).toHaveLength(1);
  expect(perIdleMonth.usd).toBeCloseTo(2 * 43_800 * 0.668 * 0.125e-6, 5);
});

test('counts requests, not runs, of a source that is fed by events', async () => {
  const { json } = await post('source', {
    topicName: 'out',
    archive: 'builtin://http',
    configs: {},
  });
  expect(json).toMatchObject({ perIdleMonth: { usd: 0 } });
  expect(quantity((json as Estimate).perMillionRecords, 'HTTP API')).toBe(1_000_000);
});

test('refuses what create refuses, and a rate that is none; an unknown name is 404', async () => {
  expect((await post('sink', { ...SINK, configs: { url: 5, nonsense: 1 } })).reason).toContain('nonsense');
  expect((await post('sink', SINK, '?recordsPerSecond=0')).status).toBe(400);
  expect((await api.get('sinks/public/default/c/cost')).status).toBe(404);
});

test('counts the metrics and alarms that a deployment has', () => {
  const operations = readFileSync(new URL('../../deploy/operations.yml', import.meta.url), 'utf8');
  expect(operations.match(/Type: AWS::CloudWatch::Alarm/g)).toHaveLength(CONSTANTS.alarms);
  const metrics = readFileSync(new URL('../../handlers/metrics.ts', import.meta.url), 'utf8');
  expect(metrics.match(/addMetric\(/g)).toHaveLength(CONSTANTS.metrics);
});

test('counts as the runtime works', () => {
  expect(CONSTANTS.batchRecords).toBe(DEFAULT_RUN_SETTINGS.maxBatchRecords);
  expect(CONSTANTS.heartbeatSeconds * 1000).toBe(DEFAULT_RUN_SETTINGS.heartbeatMs);
  expect((900 - CONSTANTS.runSeconds) * 1000).toBe(DEFAULT_RUN_SETTINGS.handOverLeadMs);
});
