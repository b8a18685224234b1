import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { startEmbeddedBroker } from '../e2e/embedded-broker.ts';
import { describeReal, runPython } from '../services/index.ts';

const INTEROP = readFileSync(join(import.meta.dirname, 'python/interop.py'), 'utf8');

describeReal('the official Python client against the embedded broker', ['pythonClient'], () => {
  test('produces, consumes, seeks, reads and acknowledges as against Pulsar', async () => {
    await using broker = await startEmbeddedBroker();
    const { stdout } = await runPython(INTEROP, [broker.serviceUrl, broker.adminUrl], { timeoutMs: 100_000 });
    const { checks } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { checks: Record<string, string> };
    expect(Object.keys(checks).length).toBeGreaterThan(20);
    expect(Object.entries(checks).filter(([, result]) => result !== 'ok')).toEqual([]);
  }, 120_000);
});
