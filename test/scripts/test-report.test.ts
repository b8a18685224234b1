import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'test-report-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const passed = { fullName: 'a works', status: 'passed', failureMessages: [] };
const failed = { fullName: 'b works', status: 'failed', failureMessages: ['Error: expected 1'] };

const resultFile = (name: string, passedCount: number, ...suites: object[]): string => {
  const file = join(folder, name);
  const testResults = suites.map((suite) => ({
    name: '/x/a.test.ts',
    status: 'passed',
    message: '',
    assertionResults: [],
    ...suite,
  }));
  writeFileSync(file, JSON.stringify({ numPassedTests: passedCount, numPendingTests: 0, testResults }));
  return file;
};

const report = (...files: string[]): { code: number | null; lines: string[] } => {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/test-report.ts', ...files], { encoding: 'utf8' });
  return { code: status, lines: stdout.trimEnd().split('\n') };
};

test('adds up the files, with the sum in the last line', () => {
  const file = resultFile('1.json', 1, { assertionResults: [passed] });
  expect(report(file, file)).toEqual({ code: 0, lines: ['tests: 2 passed, 0 failed'] });
});

test('prints a failed test with its message', () => {
  const file = resultFile('1.json', 1, { status: 'failed', assertionResults: [passed, failed] });
  const { code, lines } = report(file);
  expect(code).toBe(1);
  expect(lines).toEqual(['FAILED b works', '  /x/a.test.ts', '    Error: expected 1', 'tests: 1 passed, 1 failed']);
});

test('counts a suite that did not run as a failure', () => {
  const file = resultFile('1.json', 1, { assertionResults: [passed] }, { status: 'failed', message: 'SyntaxError' });
  expect(report(file)).toMatchObject({ code: 1 });
  expect(report(file).lines.at(-1)).toBe('tests: 1 passed, 1 failed');
});

test.each([
  ['a missing file', () => [join(folder, 'missing.json')]],
  ['a run without tests', () => [resultFile('1.json', 0)]],
  ['no file', () => []],
])('fails for %s', (_, files) => {
  const { code, lines } = report(...files());
  expect(code).toBe(1);
  expect(lines.at(-1)).toBe('tests: 0 passed, 1 failed');
});
