import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MEMORY } from '../faults/memory-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LIMIT_MS = 360_000;
const run = promisify(execFile);

// The example package in a folder of its own: of this project it has what was built, and of node_modules what the declarations name.
let folder: string;
const node = async (...args: string[]): Promise<string> =>
  (await run(process.execPath, args, { cwd: folder, timeout: LIMIT_MS, env: { ...process.env, TMPDIR: MEMORY } }))
    .stdout;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pio-author-'));
  const home = join(folder, 'node_modules/pulsar-io-serverless');
  await cp(join(ROOT, 'samples/fault-suite'), folder, { recursive: true });
  await run(process.execPath, ['scripts/build.ts', join(home, 'dist')], { cwd: ROOT, timeout: LIMIT_MS });
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
  const { name, version, exports } = manifest;
  await writeFile(join(home, 'package.json'), JSON.stringify({ name, version, exports }));
  for (const scope of ['@types', '@sinclair', 'undici-types'])
    await symlink(join(ROOT, 'node_modules', scope), join(folder, 'node_modules', scope));
}, LIMIT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

test(
  'an outside package compiles against the doors for authors',
  async () => {
    await node(join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.');
  },
  LIMIT_MS,
);

test(
  'faultSuite drives its connectors through the runtime under every guarantee and change, and finds them exact',
  async () => {
    const rows = (await node('faults.ts', '1', '4')).split('\n').filter((line) => /^\| \S+ → /.test(line));
    expect(rows).toHaveLength(53);
    const cells = rows.map((row) => row.split(' | '));
    const exact = cells.filter(([, guarantee]) => guarantee === 'EFFECTIVELY_ONCE');
    expect(exact.map((row) => row.slice(7, 10))).toEqual(Array(5).fill(['0', '0', '0']));
    expect(cells.reduce((sum, row) => sum + Number(row[6]), 0)).toBeGreaterThan(20);
  },
  LIMIT_MS,
);

test.each([
  ['ledger', 'two transactions', /^ledger\/EFFECTIVELY_ONCE: twice: \d+/],
  ['cells', 'write whose failure is passed by', /^cells\/EFFECTIVELY_ONCE: lost: \d+/],
  ['journal', 'sequence that is no function of the position', /^journal\/EFFECTIVELY_ONCE: .*lost: \d+/],
  ['tickets', 'receipt settled as it is taken', /^tickets\/EFFECTIVELY_ONCE: .*lost: \d+/],
  ['crates', 'task read from its start again', /^crates\/EFFECTIVELY_ONCE: .*(lost|twice): \d+/],
  ['bell', 'request that is not heard again', /^bell\/ATLEAST_ONCE: .*lost: \d+/],
  ['roll', 'poison record taken for written', /^roll\/ATLEAST_ONCE: .*lost: \d+/],
])(
  'it finds the defect of a %s that makes a %s, and prints what replays it',
  async (name, _, violation) => {
    const found = await node('defects.ts', name);
    expect(found).toMatch(violation);
    expect(found).toMatch(/replay with \{"seed":1,"replay":\{"scenario":"\w+\/\w+","path":"[\d:]+"\}\}/);
  },
  LIMIT_MS,
);
