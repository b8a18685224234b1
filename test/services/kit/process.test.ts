import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freePorts } from './ports.ts';
import { startProcess } from './process.ts';

let folder: string;
let logFile: string;
let port: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'process-test-'));
  logFile = join(folder, 'server.log');
  ({ port } = await freePorts(['port']));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const listener = (): { file: string; args: string[] } => ({
  file: process.execPath,
  args: ['-e', `require('node:net').createServer().listen(${port}, '127.0.0.1')`],
});

const accepts = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const until = async (wanted: boolean): Promise<void> => {
  while ((await accepts()) !== wanted) await delay(20);
};

test('a killed server has let go of its port when its end is reported', async () => {
  const server = startProcess(listener(), logFile);
  await until(true);
  server.kill();
  expect(await server.ended).toBe('exit code 137');
  expect(await accepts()).toBe(false);
});

test('a terminated server ends, and signals to an ended server do nothing', async () => {
  const server = startProcess(listener(), logFile);
  await until(true);
  server.terminate();
  expect(await server.ended).toBe('exit code 143');
  server.terminate();
  server.kill();
});

test('a server dies with its parent, also when that is killed with SIGKILL', async () => {
  const { file, args } = listener();
  const code = `
    import { startProcess } from ${JSON.stringify(join(import.meta.dirname, 'process.ts'))};
    startProcess(${JSON.stringify({ file, args })}, ${JSON.stringify(logFile)});
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' });
  await until(true);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await until(false);
});

test('a command that does not exist ends at once with its reason in the log', async () => {
  const server = startProcess({ file: 'no-such-command', args: [] }, logFile);
  expect(await server.ended).toBe('exit code 127');
  expect(await readFile(logFile, 'utf8')).toContain('no-such-command');
});
