import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of one's own, to be disposed of. */
export const temporaryFolder = async (): Promise<{ readonly path: string; dispose(): Promise<void> }> => {
  const path = await mkdtemp(join(tmpdir(), 'pio-connectors-'));
  return { path, dispose: () => rm(path, { recursive: true, force: true }) };
};
