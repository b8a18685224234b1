import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { cacheDir } from '../../test/services/kit/cache.ts';
import { run } from '../../test/services/kit/run.ts';
import { pythonClient } from '../../test/services/python-client.ts';

/** A scenario of a peer's task and whether its producer makes batches. */
export const SCENARIOS = {
  produce: { scenario: 'produce', isBatching: true },
  produceUnbatched: { scenario: 'produce', isBatching: false },
  receive: { scenario: 'receive', isBatching: true },
  batchReceive: { scenario: 'batchReceive', isBatching: true },
  listener: { scenario: 'listener', isBatching: true },
  latency: { scenario: 'latency', isBatching: false },
} as const;
/** Key of {@link SCENARIOS}. */
export type ScenarioName = keyof typeof SCENARIOS;

/** A client that is measured: how to start the process that does one task with it. */
export interface Peer {
  readonly name: string;
  readonly scenarios: readonly ScenarioName[];
  readonly file: string;
  readonly args: readonly string[];
}

/** Makes a peer; rejects with what is missing. */
type Prepare = () => Promise<Omit<Peer, 'name'>>;

const INSTALL_TIMEOUT_MS = 10 * 60_000;
const COMMON: readonly ScenarioName[] = ['produce', 'produceUnbatched', 'receive', 'latency'];
const folder = join(import.meta.dirname, '..', 'peers');

const succeed = async (cwd: string, file: string, args: readonly string[]): Promise<void> => {
  const { code, stderr } = await run(file, args, { cwd, timeoutMs: INSTALL_TIMEOUT_MS });
  if (code !== 0) throw new Error(`\`${file} ${args.join(' ')}\` failed: ${stderr.trim().slice(-300)}`);
};

/** As its users run it: JavaScript in one file, without Node's type stripping in its time and memory. */
const bundle = async (entry: string, outfile: string): Promise<Pick<Peer, 'file' | 'args'>> => {
  const entryPoints = [join(folder, 'node', entry)];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  return { file: process.execPath, args: [outfile] };
};

const ours: Prepare = async () => ({
  scenarios: ['produce', 'produceUnbatched', 'receive', 'batchReceive', 'listener', 'latency'],
  ...(await bundle('ours.ts', join(cacheDir(), 'bench', 'ours.mjs'))),
});

const rawSocket: Prepare = async () => ({
  scenarios: ['receive', 'latency'],
  ...(await bundle('raw-socket.ts', join(cacheDir(), 'bench', 'raw-socket.mjs'))),
});

const go: Prepare = async () => {
  const file = join(cacheDir(), 'bench', 'go-client');
  await succeed(join(folder, 'go'), 'go', ['build', '-o', file, '.']);
  return { scenarios: COMMON, file, args: [] };
};

const python: Prepare = async () => {
  const { address } = await pythonClient.start();
  return { scenarios: COMMON, file: address.python, args: [join(folder, 'python', 'main.py')] };
};

const pulsarFlex: Prepare = async () => {
  const home = join(folder, 'pulsar-flex');
  if (!existsSync(join(home, 'node_modules'))) {
    await succeed(home, 'npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts']);
  }
  const scenarios = COMMON.filter((name) => name !== 'receive');
  return { scenarios, ...(await bundle('pulsar-flex.ts', join(home, 'node_modules', 'bench.mjs'))) };
};

const all: Readonly<Record<string, Prepare>> = {
  ours,
  'Go client': go,
  'Python client': python,
  'raw socket': rawSocket,
  'pulsar-flex': pulsarFlex,
};

/** The peers that this machine can have; `onMissing` hears of each of the others. */
export const preparePeers = async (onMissing: (notice: string) => void): Promise<Peer[]> => {
  const peers: Peer[] = [];
  for (const [name, prepare] of Object.entries(all)) {
    try {
      peers.push({ name, ...(await prepare()) });
    } catch (error) {
      onMissing(`${name} is left out: ${error instanceof Error ? error.message : error}`);
    }
  }
  return peers;
};
