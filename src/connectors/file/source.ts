import { defineLogSource } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkFileConfig, fileConfig } from './config.ts';
import { filePosition } from './position.ts';

/**
 * Publishes the records of files, which are kept and followed as they grow. A source partition is a file, by its path below the directory. The sequence of a
 * record is the byte offset where it begins, so a file that only grows gives the same sequences in every run: EFFECTIVELY_ONCE rests on that. A file that was
 * truncated, replaced or edited before the position is refused with `PIO_SOURCE_CHANGED`. Compressed files, which Pulsar's own source unpacks, are refused.
 */
export const fileSource = defineLogSource<typeof fileConfig>({
  name: 'file',
  summary: 'Reads data from local filesystem',
  className: 'org.apache.pulsar.io.file.FileSource',
  configClassName: 'org.apache.pulsar.io.file.FileSourceConfig',
  guarantees: GUARANTEES,
  config: fileConfig,
  position: filePosition,
  check: checkFileConfig,
  pollIntervalMs: ({ follow, pollingInterval }) => (follow ? pollingInterval : undefined),
  open: async (config) => (await import('./open.ts')).openFiles(config),
});
