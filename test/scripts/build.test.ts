import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ScriptedBroker, startScriptedBroker } from '../pulsar/kit/scripted-broker.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAX_BYTES = 150_000;
const run = promisify(execFile);
const node = async (cwd: string, ...args: string[]): Promise<string> =>
  (await run(process.execPath, args, { cwd, timeout: 240_000 })).stdout;

// A package `pulsar-client` in a folder of its own, away from this project's node_modules: the bundle has to bring everything.
let folder: string;
let broker: ScriptedBroker;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pio-build-'));
  const home = join(folder, 'node_modules/pulsar-client');
  await node(ROOT, 'scripts/build.ts', join(home, 'dist'));
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
  const exports = { '.': manifest.exports['./pulsar'], './session': manifest.exports['./pulsar/session'] };
  await writeFile(join(home, 'package.json'), JSON.stringify({ name: 'pulsar-client', version: '0.0.0', exports }));
  await symlink(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  broker = await startScriptedBroker({
    SEND: ({ producerId, sequenceId }, peer) =>
      peer.send('SEND_RECEIPT', { producerId, sequenceId, messageId: { ledgerId: 7, entryId: 1 } }),
  });
}, 360_000);
afterAll(async () => {
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
});

const publish = `
const main = async () => {
  const client = new Pulsar.Client({ serviceUrl: process.argv[2], logLevel: Pulsar.LogLevel.WARN });
  const producer = await client.createProducer({ topic: 't' });
  console.log((await producer.send({ data: Buffer.from('x') })).toString());
  await client.close();
};
main();
`;

async function publishWith(file: string, load: string): Promise<string> {
  await writeFile(join(folder, file), load + publish);
  return (await node(folder, join(folder, file), broker.serviceUrl)).trim();
}

test.each(['pulsar.mjs', 'pulsar.cjs', 'pulsar-session.mjs', 'pulsar-session.cjs'])(
  `%s is at most ${MAX_BYTES} bytes`,
  async (name) => {
    const { size } = await stat(join(folder, 'node_modules/pulsar-client/dist', name));
    process.stderr.write(`${name}: ${size} bytes\n`);
    expect(size).toBeLessThanOrEqual(MAX_BYTES);
  },
);

test("require('pulsar-client') gives what callers of the native package use", async () => {
  expect(await publishWith('a.cjs', "const Pulsar = require('pulsar-client');")).toBe('(7,1,-1,-1)');
});

test('the session door works by require and by import', async () => {
  const use = `
const main = async () => {
  const session = await Pulsar.openSession({ serviceUrl: process.argv[2] });
  const producer = await session.producer({ topic: 't' });
  console.log((await producer.sendEntry([{ value: Buffer.from('x'), sequenceId: 1 }])).messageId.entryId);
  await session.close();
};
main();
`;
  await writeFile(join(folder, 'f.cjs'), `const Pulsar = require('pulsar-client/session');${use}`);
  await writeFile(join(folder, 'g.mjs'), `import * as Pulsar from 'pulsar-client/session';${use}`);
  for (const file of ['f.cjs', 'g.mjs']) expect(await node(folder, file, broker.serviceUrl)).toBe('1\n');
});

test('import works by default and by name', async () => {
  expect(await publishWith('b.mjs', "import Pulsar from 'pulsar-client';")).toBe('(7,1,-1,-1)');
  expect(await publishWith('c.mjs', "import * as Pulsar from 'pulsar-client';")).toBe('(7,1,-1,-1)');
});

test('TypeScript finds the declarations by import and by require', async () => {
  const use = `
const client: Pulsar.Client = new Pulsar.Client({ serviceUrl: 'pulsar://localhost' });
export const producer: Promise<Pulsar.Producer> = client.createProducer({ topic: 't' });
// @ts-expect-error a topic is required
client.createProducer({});
export const session: Promise<Session.PulsarSession> = Session.openSession({ serviceUrl: 'pulsar://localhost' });
// @ts-expect-error sessions have a door of their own
export const none = Pulsar.openSession;
`;
  await writeFile(
    join(folder, 'd.mts'),
    `import * as Pulsar from 'pulsar-client';
import * as Session from 'pulsar-client/session';${use}`,
  );
  await writeFile(
    join(folder, 'e.cts'),
    `import Pulsar = require('pulsar-client');
import Session = require('pulsar-client/session');${use}`,
  );
  const options = { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, types: ['node'] };
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, files: ['d.mts', 'e.cts'] }),
  );
  await node(folder, join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder);
});

test('the package names the files that the build writes, and installs without a script', async () => {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
  const dist = join(folder, 'node_modules/pulsar-client');
  const paths = Object.values(manifest.exports).flatMap((door) => Object.values(door));
  expect(paths).toHaveLength(11);
  for (const path of paths) expect(existsSync(join(dist, path))).toBe(true);
  const scripts = Object.keys(manifest.scripts);
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) expect(scripts).not.toContain(script);
});
