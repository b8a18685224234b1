import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cacheDir } from './cache.ts';
import { withLock } from './lock.ts';
import { run } from './run.ts';
import { requireTools, ServiceUnavailableError } from './tools.ts';

const buildTimeoutMs = 10 * 60_000;
const maxAttempts = 2;

/** Path of the program that Go builds of a package such as `example.org/tool/v2/cmd/server@v2.5.0`, built once per machine. Throws `ServiceUnavailableError`. */
export const goProgram = async (name: string, source: string): Promise<string> => {
  const [path = '', version = ''] = source.split('@');
  const folder = join(cacheDir(), 'go', `${name}-${version}`);
  const program = join(folder, basename(path));
  if (existsSync(program)) return program;
  requireTools(name, ['go']);
  return withLock(join(cacheDir(), 'go.lock'), async () => {
    if (!existsSync(program)) await build(folder, name, source);
    return program;
  });
};

const build = async (folder: string, name: string, source: string): Promise<void> => {
  const work = `${folder}.${process.pid}.tmp`;
  await mkdir(work, { recursive: true });
  try {
    await install(work, name, source);
    await rename(work, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};

const install = async (folder: string, name: string, source: string): Promise<void> => {
  let output = '';
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const env = { ...process.env, GOBIN: folder };
    const { code, stdout, stderr } = await run('go', ['install', source], { timeoutMs: buildTimeoutMs, env });
    if (code === 0) return;
    output = `${stdout}${stderr}`.trim().slice(-3_000);
  }
  throw new ServiceUnavailableError(`${name}: \`go install ${source}\` failed:\n${output}`);
};
