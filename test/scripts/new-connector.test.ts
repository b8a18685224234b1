import { execFile } from 'node:child_process';
import { cp, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { temporaryFolder } from '../connectors/temporary.ts';

const ROOT = join(import.meta.dirname, '../..');
const COPIED = [
  'src',
  'deploy',
  'handlers',
  'models',
  'test',
  'scripts',
  'samples',
  'docs',
  'README.md',
  'package.json',
  'tsconfig.json',
];
const SETTINGS = ['jest.config.json', 'biome.json'];
const LIMIT_MS = 180_000;
const run = promisify(execFile);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const inCopy = (command: string, ...args: string[]) => run(command, args, { cwd: folder.path, timeout: LIMIT_MS });
const scaffold = (...args: string[]) =>
  inCopy(process.execPath, join(ROOT, 'scripts/new-connector.ts'), ...args, '--root', folder.path);

beforeAll(async () => {
  folder = await temporaryFolder();
  for (const name of [...COPIED, ...SETTINGS]) await cp(join(ROOT, name), join(folder.path, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
  await scaffold('sink', 'my-store');
  await scaffold('source', 'my_log');
}, LIMIT_MS);
afterAll(() => folder.dispose());

test('writes types that the project’s own checks accept, with a line in the catalogue and on the page of connectors', async () => {
  await inCopy(join(ROOT, 'node_modules/.bin/tsc'), '-p', '.');
  await inCopy(join(ROOT, 'node_modules/.bin/biome'), 'check', '--vcs-enabled=false', 'src/connectors', 'test');
  const catalogue = await readFile(join(folder.path, 'src/connectors/catalogue.ts'), 'utf8');
  expect(catalogue).toMatch(/\bmyStoreSink,\s/);
  expect(catalogue).toMatch(/\bmyLogSource,\s/);
  expect(await readFile(join(folder.path, 'docs/generated/connectors.md'), 'utf8')).toContain('### my-store (sink)');
}, 360_000);

test(
  'writes suites that pass',
  async () => {
    const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--ci', '--json'];
    const suites = ['test/connectors/my-store', 'test/connectors/my_log', 'test/connectors/catalogue'];
    const { stdout } = await inCopy(process.execPath, ...jest, ...suites);
    const { numPassedTests, numFailedTests, numTotalTestSuites } = JSON.parse(stdout);
    expect({ numFailedTests, numTotalTestSuites }).toEqual({ numFailedTests: 0, numTotalTestSuites: 3 });
    expect(numPassedTests).toBeGreaterThan(40);
  },
  LIMIT_MS,
);

test('refuses names that are none, and to write over what is there', async () => {
  for (const args of [['sink'], ['sink', 'My Store'], ['trigger', 'a']])
    await expect(scaffold(...args)).rejects.toMatchObject({ stderr: expect.stringContaining('npm run new-connector') });
  const before = await readFile(join(folder.path, 'src/connectors/catalogue.ts'), 'utf8');
  await expect(scaffold('sink', 'my-store')).rejects.toMatchObject({
    stderr: expect.stringContaining('src/connectors/my-store/sink.ts is there already'),
  });
  expect(await readFile(join(folder.path, 'src/connectors/catalogue.ts'), 'utf8')).toBe(before);
});
