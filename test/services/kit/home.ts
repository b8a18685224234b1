import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './process.ts';

const prefix = 'pio-';

/** A new temporary folder for one server; folders that died processes left behind are removed on the way. */
export const makeHome = async (service: string): Promise<string> => {
  await sweep();
  return mkdtemp(join(tmpdir(), `${prefix}${process.pid}-${service}-`));
};

/** Removes a server's folder, unless `PIO_KEEP` asks to keep it for a look. */
export const removeHome = async (home: string): Promise<void> => {
  if (!process.env.PIO_KEEP) await rm(home, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
};

const sweep = async (): Promise<void> => {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]);
    if (pid && !isAlive(pid)) await removeHome(join(tmpdir(), name));
  }
};
