import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { bundleAsDeployed } from '../lambda/bundles.ts';
import { Sandbox } from '../lambda/sandbox.ts';

/** A layer as Lambda unpacks it to /opt, with packages that say where they are from. */
const layerWith = (...packages: string[]): string => {
  const layer = mkdtempSync(join(tmpdir(), 'pio-layer-'));
  for (const name of packages) {
    const folder = join(layer, 'nodejs/node_modules', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, main: 'index.js' }));
    writeFileSync(
      join(folder, 'index.js'),
      "exports.from = 'the layer'; exports.log = {}; exports.setDefaultLogging = () => {};",
    );
  }
  return join(layer, 'nodejs/node_modules');
};

test('a bundled function finds the drivers that no bundle holds in a layer, and says what is missing without one', async () => {
  const taskRoot = mkdtempSync(join(tmpdir(), 'pio-drivers-'));
  await bundleAsDeployed('test/deploy/drivers.ts', taskRoot);
  const call = async (environment: Record<string, string>) => {
    const settings = { name: 'drivers', taskRoot, handler: 'test/deploy/drivers.handler', environment };
    const sandbox = await Sandbox.start({ ...settings, memoryMb: 512, timeoutMs: 20_000 });
    const outcome = await sandbox.invoke(Buffer.from('{}'));
    await sandbox.stop();
    return JSON.parse(String((outcome as { body: Buffer }).body));
  };
  // Lambda's runtime sets it (AWS: "Packaging your layer content").
  expect(await call({ NODE_PATH: layerWith('aerospike', 'pulsar-client') })).toEqual({
    aerospike: 'the layer',
    native: 'the layer',
  });
  expect(await call({})).toEqual({
    aerospike: expect.stringContaining('npm install aerospike@'),
    native: expect.stringContaining('npm install pulsar-client@'),
  });
}, 60_000);
