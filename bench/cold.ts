import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { bundleAsDeployed, bundleSizes, deployedHandlers } from '../test/lambda/bundles.ts';
import { Sandbox } from '../test/lambda/sandbox.ts';
import { type Figure, median } from './report.ts';

/** Starts of each function and floor in a round; interleaved. */
const STARTS = 5;
interface Measured {
  readonly name: string;
  readonly handler: string;
  readonly metafile: Metafile;
  readonly initMs: number[];
  readonly cpuMs: number[];
  readonly peakMb: number[];
}

/** Size, cold initialisation and peak memory of each function as it is deployed, against two floors of the same run: an empty handler, and one with the AWS clients. */
export const coldFigures = async (rounds: number): Promise<Figure[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'pio-cold-'));
  const measured = await bundleAll(folder);
  for (let round = 0; round < rounds * STARTS; round++) {
    for (const one of measured) await startOnce(folder, one);
  }
  const [empty, clients, ...functions] = measured as [Measured, Measured, ...Measured[]];
  const floor = { initMs: median(clients.initMs), cpuMs: median(clients.cpuMs) };
  return [empty, clients, ...functions].flatMap(({ name, metafile, initMs, cpuMs, peakMb }) => {
    const { atStart, later } = bundleSizes(metafile);
    return [
      { name: `${name}: bundle, loaded at start`, value: atStart / 1000, unit: 'kB' },
      { name: `${name}: bundle, loaded when needed`, value: later / 1000, unit: 'kB' },
      toFloor(`${name}: cold init`, median(initMs), floor.initMs),
      toFloor(`${name}: cold init, processor time`, median(cpuMs), floor.cpuMs),
      { name: `${name}: peak memory of init`, value: median(peakMb), unit: 'MiB' },
    ];
  });
};

const toFloor = (name: string, value: number, floor: number): Figure => ({
  ...{ name, value, unit: 'ms' },
  ratio: { to: 'AWS clients alone', value: value / floor },
});

const bundleAll = async (folder: string): Promise<Measured[]> => {
  const entries: readonly (readonly [string, string])[] = [
    ['empty handler', 'bench/floors/empty.handler'],
    ['AWS clients alone', 'bench/floors/clients.handler'],
    ...deployedHandlers(),
  ];
  return Promise.all(
    entries.map(async ([name, handler]) => ({
      name,
      handler,
      metafile: await bundleAsDeployed(handler.replace(/\.\w+$/, '.ts'), folder),
      initMs: [],
      cpuMs: [],
      peakMb: [],
    })),
  );
};

const ENVIRONMENT = {
  PULSAR_SERVICE_URL: 'pulsar://127.0.0.1:6650',
  STORE_URL: 'dynamodb:table',
};

const startOnce = async (taskRoot: string, { name, handler, initMs, cpuMs, peakMb }: Measured): Promise<void> => {
  const sandbox = await Sandbox.start({
    ...{ name, taskRoot, handler, environment: ENVIRONMENT, memoryMb: 512, timeoutMs: 30_000 },
  });
  initMs.push(sandbox.initMs);
  cpuMs.push(sandbox.cpuMs);
  peakMb.push(sandbox.peakMb);
  await sandbox.stop();
};
