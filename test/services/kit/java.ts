import { delimiter, join } from 'node:path';
import type { Command } from './process.ts';

/** How to start a JVM. */
export interface JavaOptions {
  /** Folder whose jars are the class path. */
  readonly jars: string;
  /** A folder of classes beside them. */
  readonly classes?: string;
  readonly mainClass: string;
  readonly args?: readonly string[];
  readonly heapMb: number;
  /** More JVM flags. */
  readonly flags?: readonly string[];
  /** `java.base/java.lang` and the like, opened to all. */
  readonly opens?: readonly string[];
  /** `java.base/jdk.internal.ref` and the like, exported to all. */
  readonly exports?: readonly string[];
  readonly cwd?: string;
}

// Short-lived servers on few cores: the first compiler only, one collector thread, heap grown as needed.
const quickStart = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-Djava.net.preferIPv4Stack=true'];

/** The command line of a JVM that starts fast and stays small. */
export const java = ({
  jars,
  classes,
  mainClass,
  args = [],
  heapMb,
  flags = [],
  opens = [],
  exports = [],
  cwd,
}: JavaOptions): Command => ({
  file: 'java',
  args: [
    ...quickStart,
    `-Xmx${heapMb}m`,
    ...flags,
    ...opens.map((it) => `--add-opens=${it}=ALL-UNNAMED`),
    ...exports.map((it) => `--add-exports=${it}=ALL-UNNAMED`),
    '-cp',
    [...(classes ? [classes] : []), join(jars, '*')].join(delimiter),
    mainClass,
    ...args,
  ],
  ...(cwd && { cwd }),
});
