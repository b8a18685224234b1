import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Edit } from './mutation.ts';

const ROOT = join(import.meta.dirname, '../..');
const COPIED = ['src', 'handlers', 'models', 'test', 'docs', 'package.json', 'jest.config.json', 'tsconfig.json'];
const JEST_TIMEOUT_MS = 240_000;
/** Of a test that a defect lets hang, where it has no limit of its own. */
const TEST_TIMEOUT_MS = 40_000;

/** How jest ended. */
export interface TestRun {
  readonly passed: number;
  readonly failed: number;
  /** Names of the tests that failed, or the reason why none ran. */
  readonly failures: readonly string[];
}

/** A copy of the tree that may be broken. */
export class Sandbox implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<Sandbox> {
    const folder = await mkdtemp(join(tmpdir(), 'pio-mutation-'));
    for (const name of COPIED) await cp(join(ROOT, name), join(folder, name), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    return new Sandbox(folder);
  }

  /** Applies the edits, runs `work`, and takes them back. Throws when a text to find is not there exactly once. */
  async with<T>(edits: readonly Edit[], work: () => Promise<T>): Promise<T> {
    const before = new Map<string, string>();
    try {
      for (const { file, find, replace } of edits) {
        const path = join(this.#folder, file);
        const text = await readFile(path, 'utf8');
        if (!before.has(path)) before.set(path, text);
        if (text.split(find).length !== 2) throw new Error(`${file} has not exactly once: ${find}`);
        await writeFile(
          path,
          text.replace(find, () => replace),
        );
      }
      return await work();
    } finally {
      for (const [path, text] of before) await writeFile(path, text);
    }
  }

  /** Runs the tests of these files whose names match. */
  async test(files: readonly string[], named: string): Promise<TestRun> {
    const output = join(this.#folder, 'jest.json');
    await rm(output, { force: true });
    const jest = [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
    ];
    const limit = `--testTimeout=${TEST_TIMEOUT_MS}`;
    const options = ['--ci', '--silent', limit, '--json', `--outputFile=${output}`, '--runTestsByPath', ...files];
    const only = named === '' ? [] : ['-t', named];
    await promisify(execFile)(process.execPath, [...jest, ...options, ...only], {
      cwd: this.#folder,
      timeout: JEST_TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    }).catch(() => undefined); // a failed test ends jest with 1; its report tells
    return readReport(await readFile(output, 'utf8'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

const readReport = (text: string): TestRun => {
  const { numPassedTests, testResults } = JSON.parse(text) as Report;
  const failures = testResults.flatMap(({ status, message, assertionResults }) => {
    const failed = assertionResults.filter((it) => it.status === 'failed').map(({ title }) => title);
    return status === 'failed' && failed.length === 0 ? [`did not run: ${message.slice(0, 300)}`] : failed;
  });
  return { passed: numPassedTests, failed: failures.length, failures };
};
