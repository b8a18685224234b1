import { readdirSync, readFileSync } from 'node:fs';

const textOf = (pid: string, file: 'cmdline' | 'environ'): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
};

/** Whether processes can be looked at: on Linux. */
export const canSeeProcesses = process.platform === 'linux';

/** Process ids of the runs that work with this store now. */
export const runsOn = (storeUrl: string): number[] =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && textOf(pid, 'cmdline').includes('function-process.mjs'))
    .filter((pid) => textOf(pid, 'environ').includes(`STORE_URL=${storeUrl}\0`))
    .map(Number);

/** Sends a signal to processes of which some may be gone. */
export const signalAll = (pids: readonly number[], signal: NodeJS.Signals): void => {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
};
