import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { deliveryContract } from '../contracts/delivery.ts';
import { type Cloud, startCloud } from './cloud/index.ts';
import { deliver } from './delivery.ts';
import { startEmbeddedBroker } from './embedded-broker.ts';
import { sqliteTarget } from './sqlite-target.ts';

// PULSAR_CLIENT=native in whole deliveries. The addon installs on no machine of ours: a stand-in with the members that its index.d.ts declares
// is loaded in its place (kit/native-stand-in), so this shows the adapter and the wiring, not the addon.

const KIT = join(import.meta.dirname, '../pulsar/kit/native-stand-in');
const folder = mkdtempSync(join(tmpdir(), 'pio-native-'));
const standIn = join(folder, 'stand-in.mjs');
const NATIVE = { PULSAR_CLIENT: 'native' };
const INSTALLED = {
  ...NATIVE,
  NODE_OPTIONS: `--import=${pathToFileURL(join(KIT, 'hook.ts')).href} --disable-warning=ExperimentalWarning`,
  PIO_NATIVE_STAND_IN: pathToFileURL(standIn).href,
};

let broker: Awaited<ReturnType<typeof startEmbeddedBroker>>;
beforeAll(async () => {
  await build({
    ...{ entryPoints: [join(KIT, 'index.ts')], outfile: standIn, bundle: true, platform: 'node', format: 'esm' },
    external: ['avsc', 'protobufjs', 'protobufjs/*'],
  });
  broker = await startEmbeddedBroker();
});
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

deliveryContract('embedded broker, SQLite, PULSAR_CLIENT=native', {
  broker: () => broker,
  target: () => sqliteTarget(),
  repeatsAreRows: true,
  guarantees: ['ATLEAST_ONCE'],
  records: 1_500,
  maxKills: 3,
  startCloud: (options) => startCloud(options, INSTALLED),
});

/** The first failure that the status of a source tells. */
async function failureOf(cloud: Cloud, deadlineMs = Date.now() + 60_000): Promise<string> {
  for (;;) {
    const { instances } = await cloud.status('source', 'in');
    const told = JSON.stringify(instances);
    if (/PIO_(GUARANTEE_REFUSED|DRIVER_MISSING)/.test(told) || Date.now() > deadlineMs) return told;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function failedDelivery(
  guarantee: 'ATMOST_ONCE' | 'ATLEAST_ONCE' | 'EFFECTIVELY_ONCE',
  environment: Record<string, string>,
): Promise<{ told: string; arrived: number; log: string }> {
  await using target = await sqliteTarget();
  let told = '';
  const { arrived, log } = await deliver({
    ...{ broker, target, guarantee, seed: 1, records: 0, maxKills: 0, killChance: 0 },
    startCloud: (options) => startCloud(options, environment),
    onCloud: async (cloud) => {
      told = await failureOf(cloud);
    },
  });
  return { told, arrived, log: await readFile(log, 'utf8') };
}

test('the runs do load the package', async () => {
  const { log, told } = await failedDelivery('EFFECTIVELY_ONCE', INSTALLED);
  expect(log).toContain('npm pulsar-client: its stand-in is loaded');
  expect(told).toContain('EFFECTIVELY_ONCE cannot be held with PULSAR_CLIENT=native');
}, 360_000);

test('without the package the status says what to install', async () => {
  const { told, arrived } = await failedDelivery('ATLEAST_ONCE', NATIVE);
  expect(told).toContain('PULSAR_CLIENT=native needs the package pulsar-client');
  expect(told).toContain('npm install pulsar-client@1.18.0');
  expect(arrived).toBe(0);
}, 360_000);
