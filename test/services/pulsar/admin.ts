import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compilerJars } from '../kit/compile-java.ts';
import { java } from '../kit/java.ts';
import { type RunResult, run } from '../kit/run.ts';
import { defineTool } from '../kit/service.ts';
import { toolsJars } from './jars.ts';

/** Pulsar's own command line, `pulsar-admin`. */
export interface PulsarAdminAddress {
  /** Folder of its jars. */
  readonly jars: string;
}

/** `pulsar-admin` as a service that suites can need: its download then happens before any test. */
export const pulsarAdmin = defineTool({
  name: 'pulsarAdmin',
  tools: ['java'],
  prepare: async (): Promise<PulsarAdminAddress> => {
    await compilerJars();
    return { jars: await toolsJars() };
  },
});

/** Surroundings of one call. */
export interface PulsarAdminOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs `pulsar-admin --admin-url <adminUrl> ...argv` to its end, e.g. `['topics', 'list', 'public/default']`; about 1.5 s.
 * A non-zero exit is a result, not an error. `timeoutMs`: default 60,000.
 */
export const runPulsarAdmin = async (
  adminUrl: string,
  argv: readonly string[],
  { timeoutMs = 60_000, signal }: PulsarAdminOptions = {},
): Promise<RunResult> => {
  const jars = await toolsJars();
  const conf = join(jars, 'client.conf');
  await writeFile(conf, ''); // the program wants one as its first argument
  const mainClass = 'org.apache.pulsar.admin.cli.PulsarAdminTool';
  const { file, args } = java({ jars, mainClass, args: [conf, '--admin-url', adminUrl, ...argv], heapMb: 128 });
  return run(file, args, { timeoutMs, ...(signal && { signal }) });
};
