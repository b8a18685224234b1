import { existsSync } from 'node:fs';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDir } from '../kit/cache.ts';
import { withLock } from '../kit/lock.ts';
import { run } from '../kit/run.ts';
import { ServiceUnavailableError } from '../kit/tools.ts';

const VERSION = '6.7.1';
const INSTALL_TIMEOUT_MS = 10 * 60_000;
const LOAD_TIMEOUT_MS = 30_000;
const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/**
 * Has the official client where `npm install aerospike` would put it. It is no dependency, as it is 140 MB with what it asks for: it is installed once per machine, and
 * linked into `node_modules`. Throws `ServiceUnavailableError`.
 */
export const linkAerospike = async (): Promise<void> => {
  const folder = join(cacheDir(), 'node', `aerospike-${VERSION}`);
  await withLock(join(cacheDir(), 'node.lock'), async () => {
    if (!existsSync(folder)) await install(folder);
    const link = join(MODULES, 'aerospike');
    if (existsSync(link)) return;
    await rm(link, { force: true }); // one that points nowhere
    await symlink(join(folder, 'node_modules', 'aerospike'), link);
  });
  await requireLoads();
};

const install = async (folder: string): Promise<void> => {
  const work = `${folder}.${process.pid}.tmp`;
  try {
    await mkdir(work, { recursive: true });
    await writeFile(join(work, 'package.json'), JSON.stringify({ private: true }));
    // Its binaries are in the package; its scripts would delete those of other versions of Node than npm's.
    const args = [
      'install',
      `aerospike@${VERSION}`,
      '--ignore-scripts',
      '--no-package-lock',
      '--no-audit',
      '--no-fund',
    ];
    const { code, stderr } = await run('npm', args, { cwd: work, timeoutMs: INSTALL_TIMEOUT_MS });
    if (code !== 0)
      throw new ServiceUnavailableError(`aerospike: \`npm ${args.join(' ')}\` failed:\n${stderr.slice(-3_000)}`);
    await rename(work, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};

const requireLoads = async (): Promise<void> => {
  const { code, stderr } = await run(process.execPath, ['-e', "require('aerospike')"], {
    cwd: join(MODULES, '..'),
    timeoutMs: LOAD_TIMEOUT_MS,
  });
  if (code === 0) return;
  const why = /Error: .*/.exec(stderr)?.[0] ?? stderr.slice(-500);
  throw new ServiceUnavailableError(`aerospike needs glibc 2.34 and \`apt-get install libyaml-0-2\`: ${why}`);
};
