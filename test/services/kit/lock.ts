import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from './process.ts';

const pollMs = 200;

/**
 * Runs `work` while holding the lock file `path`, which names the holder's pid; a lock whose holder has died is taken over.
 * It saves double work between processes of one machine. Two takers of the same dead lock may both get in, so `work`
 * must publish its result atomically (a rename) and accept that it already exists.
 */
export const withLock = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  await mkdir(dirname(path), { recursive: true });
  while (!(await tryCreate(path))) {
    if (await isAbandoned(path)) await rm(path, { force: true });
    else await delay(pollMs);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
};

const tryCreate = async (path: string): Promise<boolean> => {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

const isAbandoned = async (path: string): Promise<boolean> => {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  if (!pid) return false; // just created and not yet written, or just released
  return !isAlive(pid);
};
