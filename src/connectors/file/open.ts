import { systemClock } from '../../core/clock.ts';
import type { OpenLogSource } from '../../core/connector-type.ts';
import type { FileConfig } from './config.ts';
import { listFiles } from './listing.ts';
import { readFile } from './reader.ts';

/** The files of a directory as partitions. Nothing is kept open between reads. */
export const openFiles = (config: FileConfig): OpenLogSource => ({
  partitions: (signal) => listFiles(config, systemClock.nowMs(), signal),
  read: (partition, from, signal) => readFile(config, partition, from, signal),
  close: async () => {},
});
