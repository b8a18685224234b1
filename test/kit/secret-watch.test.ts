import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';

jest.setTimeout(360_000);

const ROOT = join(import.meta.dirname, '../..');
const LEAKING = ['console', 'stdout', 'process', 'answer', 'base64'];

interface Result {
  readonly message: string;
  readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
}

/** Runs the tests that leak as the suites are run; what they print is thrown away, as it would be found here, too. */
const runLeaks = async (): Promise<Result> => {
  const outputFile = join(mkdtempSync(join(tmpdir(), 'pio-leaks-')), 'report.json');
  const options = ['-c', 'jest.config.json', '--testMatch', '**/test/kit/leaks.fixture.ts', '--json'];
  const node = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', ...options, `--outputFile=${outputFile}`];
  await once(spawn(process.execPath, node, { cwd: ROOT, stdio: 'ignore' }), 'exit');
  const { testResults } = JSON.parse(readFileSync(outputFile, 'utf8')) as { testResults: [Result] };
  return testResults[0];
};

test('a planted secret in output, in an answer or in a log file fails the tests that show it, and no other', async () => {
  const { assertionResults, message } = await runLeaks();
  expect(Object.fromEntries(assertionResults.map(({ title, status }) => [title, status]))).toEqual({
    ...Object.fromEntries(LEAKING.map((title) => [title, 'failed'])),
    clean: 'passed',
    file: 'passed',
  });
  expect(message).toMatch(/pio-leak-\S+log: …pl4nted-leak/);
});
