import { join } from 'node:path';
import type { MotoAddress } from '../services/index.ts';
import { type RunResult, run } from '../services/kit/run.ts';

export const ROOT = join(import.meta.dirname, '../..');

const TIMEOUT_MS = 110_000;

/** Runs `serverless ...args` of the repository as it is, with AWS at `moto`. A non-zero exit is a result, not an error. */
export const runServerless = (args: readonly string[], moto?: MotoAddress): Promise<RunResult> =>
  run(process.execPath, ['node_modules/serverless/bin/serverless.js', ...args], {
    timeoutMs: TIMEOUT_MS,
    cwd: ROOT,
    env: {
      ...process.env,
      // Without moto nobody listens: whatever is asked of AWS fails.
      AWS_ENDPOINT_URL: moto?.endpoint ?? 'http://127.0.0.1:1',
      AWS_ACCESS_KEY_ID: 'any',
      AWS_SECRET_ACCESS_KEY: 'any',
      SLS_AWS_MONITORING_FREQUENCY: '200',
    },
  });

/** `--param` options. */
export const params = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => ['--param', `${name}=${value}`]);

/** What `serverless deploy` needs at least. */
export const NEEDED: Readonly<Record<string, string>> = {
  pulsarServiceUrl: 'pulsar://broker:6650',
  pulsarAdminUrl: 'http://broker:8080',
  tokenSecretKey: 'c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U=',
};
