import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
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
    if (!existsSync(program)) await build(folder, name, () => ['install', source]);
    return program;
  });
};

/** Path of the program that Go builds of the module in the folder `source`, built anew when its files change. Throws `ServiceUnavailableError`. */
export const goModule = async (name: string, source: string): Promise<string> => {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(await readFile(join(source, file)));
  const folder = join(cacheDir(), 'go', `${name}-${hash.digest('hex').slice(0, 12)}`);
  const program = join(folder, name);
  if (existsSync(program)) return program;
  requireTools(name, ['go']);
  return withLock(join(cacheDir(), 'go.lock'), async () => {
    if (!existsSync(program)) await build(folder, name, (work) => ['build', '-o', join(work, name)], source);
    return program;
  });
};

/** Runs Go for what is then in `folder`, all or nothing. */
const build = async (
  folder: string,
  name: string,
  command: (work: string) => string[],
  cwd?: string,
): Promise<void> => {
  const work = `${folder}.${process.pid}.tmp`;
  await mkdir(work, { recursive: true });
  try {
    await runGo(work, name, command(work), cwd);
    await rename(work, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};

const runGo = async (folder: string, name: string, command: readonly string[], cwd = folder): Promise<void> => {
  let output = '';
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const env = { ...process.env, GOBIN: folder };
    const { code, stdout, stderr } = await run('go', command, { timeoutMs: buildTimeoutMs, env, cwd });
    if (code === 0) return;
    output = `${stdout}${stderr}`.trim().slice(-3_000);
  }
  throw new ServiceUnavailableError(`${name}: \`go ${command.join(' ')}\` failed:\n${output}`);
};
