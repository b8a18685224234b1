import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where files need not survive a power cut: in memory on Linux, so that thousands of commits wait for no disk. */
export const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A new folder there. */
export const memoryFolder = (): string => mkdtempSync(join(MEMORY, 'pio-faults-'));
