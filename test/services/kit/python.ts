import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './cache.ts';
import { withLock } from './lock.ts';
import { run } from './run.ts';
import { requireTools, ServiceUnavailableError } from './tools.ts';

const installTimeoutMs = 10 * 60_000;
const maxAttempts = 2;

/**
 * Path of a Python with `requirements` (as pip reads them) in a virtual environment, made once per machine; its folder
 * name holds a hash of them. Throws `ServiceUnavailableError`.
 */
export const pythonWith = async (name: string, requirements: readonly string[]): Promise<string> => {
  const hash = createHash('sha256').update(requirements.join('\n')).digest('hex').slice(0, 12);
  const folder = join(cacheDir(), 'python', `${name}-${hash}`);
  const python = join(folder, 'bin', 'python');
  if (existsSync(python)) return python;
  requireTools(name, ['python3']);
  return withLock(join(cacheDir(), 'python.lock'), async () => {
    if (!existsSync(python)) await install(folder, name, requirements);
    return python;
  });
};

// A moved environment still works through its bin/python; only the scripts beside it name the old folder.
const install = async (folder: string, name: string, requirements: readonly string[]): Promise<void> => {
  const work = `${folder}.${process.pid}.tmp`;
  try {
    await succeed(name, 'python3', ['-m', 'venv', work]);
    await succeed(name, join(work, 'bin', 'python'), ['-m', 'pip', 'install', '-q', '--no-input', ...requirements]);
    await rename(work, folder).catch((error) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};

const succeed = async (name: string, file: string, args: readonly string[]): Promise<void> => {
  let output = '';
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const { code, stdout, stderr } = await run(file, args, { timeoutMs: installTimeoutMs });
    if (code === 0) return;
    output = `${stdout}${stderr}`.trim().slice(-3_000);
  }
  throw new ServiceUnavailableError(`${name}: \`${file} ${args.join(' ')}\` failed:\n${output}`);
};
