import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { run } from '../services/kit/run.ts';
import { ROOT } from './serverless.ts';

const ENVIRONMENT = {
  PULSAR_SERVICE_URL: 'pulsar://broker:6650',
  STORE_URL: 'dynamodb:table',
  RUNNER_FUNCTION_PREFIX: 'pulsar-io-serverless-dev-',
};

test('a tick writes every metric that an alarm looks at, where it looks', async () => {
  const code =
    "(await import('./handlers/metrics.ts')).emitHealth({ failing: 1, deadLetters: 2, lagMs: 3500 }, { isWhole: true })";
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], {
    timeoutMs: 20_000,
    cwd: ROOT,
    env: { ...process.env, ...ENVIRONMENT },
  });
  const { _aws, service, ...values } = JSON.parse(stdout);
  expect(values).toEqual({ Ticks: 1, FailingInstances: 1, DeadLetters: 2, LagSeconds: 3.5 });
  expect({ service, ..._aws.CloudWatchMetrics[0] }).toMatchObject({
    service: 'pulsar-io-serverless-dev',
    Namespace: 'PulsarIoServerless',
    Dimensions: [['service']],
  });
  const alarms = readFileSync(join(ROOT, 'deploy/operations.yml'), 'utf8');
  const looked = [...alarms.matchAll(/MetricName: (\w+)/g)].map(([, name = '']) => name);
  expect(new Set(looked)).toEqual(new Set([...Object.keys(values), 'ApproximateNumberOfMessagesVisible']));
  expect(alarms).toContain('&namespace PulsarIoServerless');
});
