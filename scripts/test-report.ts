import { readFileSync } from 'node:fs';

// Prints the failed tests of jest's result files (`jest --json --outputFile=FILE`), and as the last line
// `tests: N passed, N failed`. A suite that did not run, a missing file and an empty run count as failures.
// Usage: node scripts/test-report.ts FILE...; exit 1 when anything failed.

interface Suite {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages: readonly string[];
  }[];
}

interface JestResults {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly Suite[];
}

interface Report {
  readonly passedCount: number;
  readonly skippedCount: number;
  /** One text for each failed test, suite or file. */
  readonly failures: readonly string[];
}

const indent = (text: string): string => text.replace(/^/gm, '    ');

const failuresOf = ({ name, status, message, assertionResults }: Suite): string[] => {
  const failed = assertionResults.filter((test) => test.status === 'failed');
  const tests = failed.map((test) => `${test.fullName}\n  ${name}\n${indent(test.failureMessages.join('\n'))}`);
  if (status === 'failed' && tests.length === 0) return [`${name} did not run\n${indent(message)}`];
  return tests;
};

const reportOf = (file: string): Report => {
  try {
    const results = JSON.parse(readFileSync(file, 'utf8')) as JestResults;
    const failures = results.testResults.flatMap(failuresOf);
    if (results.numPassedTests === 0 && failures.length === 0) failures.push(`${file}: no test ran`);
    return { passedCount: results.numPassedTests, skippedCount: results.numPendingTests, failures };
  } catch (error) {
    return { passedCount: 0, skippedCount: 0, failures: [`${file}: no results of a test run: ${String(error)}`] };
  }
};

const reports = process.argv.slice(2).map(reportOf);
const failures = reports.length === 0 ? ['no result files were given'] : reports.flatMap((it) => it.failures);
const sum = (count: (report: Report) => number): number => reports.reduce((total, it) => total + count(it), 0);

for (const failure of failures) process.stdout.write(`FAILED ${failure}\n`);
const skippedCount = sum((it) => it.skippedCount);
if (skippedCount > 0) process.stdout.write(`${skippedCount} skipped\n`);
process.stdout.write(`tests: ${sum((it) => it.passedCount)} passed, ${failures.length} failed\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
