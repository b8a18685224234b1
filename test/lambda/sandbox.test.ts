import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { LambdaFunction } from './lambda-function.ts';
import { Sandbox } from './sandbox.ts';

const settingsOf = (code: string, timeoutMs = 20_000) => {
  const taskRoot = mkdtempSync(join(tmpdir(), 'pio-lambda-'));
  writeFileSync(join(taskRoot, 'index.mjs'), code);
  return {
    name: 'f',
    taskRoot,
    handler: 'index.handler',
    environment: { GREETING: 'hello' },
    memoryMb: 256,
    timeoutMs,
  };
};

const made: LambdaFunction[] = [];
const functionOf = (code: string, timeoutMs?: number): LambdaFunction => {
  const made1 = new LambdaFunction(settingsOf(code, timeoutMs));
  made.push(made1);
  return made1;
};
afterEach(async () => {
  await Promise.all(made.splice(0).map((it) => it.stop()));
});

const call = async (it: LambdaFunction, payload: unknown = {}) => {
  const outcome = await it.invoke(Buffer.from(JSON.stringify(payload)));
  return 'body' in outcome ? { kind: outcome.kind, body: JSON.parse(outcome.body.toString()) } : outcome;
};

test('gives event, context and environment to the handler, and its result back', async () => {
  const echo = functionOf(`export const handler = async (event, context) => ({
    event, left: context.getRemainingTimeInMillis() > 10_000, name: context.functionName, greeting: process.env.GREETING })`);
  expect(await call(echo, { a: 1 })).toEqual({
    kind: 'response',
    body: { event: { a: 1 }, left: true, name: 'f', greeting: 'hello' },
  });
});

test('uses an environment again, and makes another for an invocation at the same time', async () => {
  const counter = functionOf(
    'let calls = 0; export const handler = async () => ({ pid: process.pid, calls: ++calls })',
  );
  const first = await call(counter);
  expect(await call(counter)).toEqual({ kind: 'response', body: { ...(first as { body: object }).body, calls: 2 } });
  const both = await Promise.all([call(counter), call(counter)]);
  expect(new Set(both.map((it) => (it as { body: { pid: number } }).body.pid)).size).toBe(2);
  expect(counter.counts).toEqual({ invocations: 4, coldStarts: 2, timeouts: 0, crashes: 0, overlaps: 0 });
});

test('bills each invocation in whole milliseconds, and the initialisation with the first', async () => {
  const sandbox = await Sandbox.start(settingsOf('export const handler = async () => 1'));
  expect(sandbox.billedMs).toBe(0);
  await sandbox.invoke(Buffer.from('{}'));
  const first = sandbox.billedMs;
  expect(first).toBeGreaterThanOrEqual(Math.ceil(sandbox.initMs));
  await sandbox.invoke(Buffer.from('{}'));
  expect(sandbox.billedMs).toBeGreaterThan(first);
  expect(Number.isInteger(sandbox.billedMs)).toBe(true);
  await sandbox.stop();
});

test('freezes the process between invocations', async () => {
  const sandbox = await Sandbox.start(
    settingsOf('let ticks = 0; setInterval(() => ticks++, 1); export const handler = async () => ticks'),
  );
  await sandbox.invoke(Buffer.from('{}'));
  const state = () => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${sandbox.pid}/status`, 'utf8'))?.[1];
  while (state() !== 'T') await new Promise(setImmediate);
  expect((await sandbox.invoke(Buffer.from('{}'))).kind).toBe('response');
  await sandbox.stop();
});

test('kills the process at the deadline, and the next invocation gets a new one', async () => {
  const slow = functionOf(
    'export const handler = (event) => event.hang ? new Promise(() => setInterval(() => {}, 1e6)) : process.pid',
    2_500,
  );
  expect(await call(slow, { hang: true })).toEqual({ kind: 'timeout' });
  expect(await call(slow)).toMatchObject({ kind: 'response' });
  expect(slow.counts).toEqual({ invocations: 2, coldStarts: 2, timeouts: 1, crashes: 0, overlaps: 0 });
});

test('a frozen environment that is shut down may end its work after SIGTERM, and is killed when it does not end', async () => {
  const written = join(mkdtempSync(join(tmpdir(), 'pio-lambda-')), 'last-words');
  const onTerm = (act: string) => `import { writeFileSync } from 'node:fs';
    process.on('SIGTERM', () => { writeFileSync(${JSON.stringify(written)}, 'closed'); ${act} });
    export const handler = async () => 1`;
  for (const act of ['process.exit(0)', '']) {
    rmSync(written, { force: true });
    const sandbox = await Sandbox.start(settingsOf(onTerm(act)));
    await sandbox.invoke(Buffer.from('{}'));
    await sandbox.shutDown();
    expect([sandbox.isAlive, readFileSync(written, 'utf8')]).toEqual([false, 'closed']);
  }
});

test('another version of the code begins beside the old one, whose invocation comes to its end', async () => {
  const [release, begun] = [join(mkdtempSync(join(tmpdir(), 'pio-lambda-')), 'go'), Promise.withResolvers<void>()];
  const codeOf = (version: number) => `import { existsSync } from 'node:fs';
    export const handler = async ({ wait }) => { while (wait && !existsSync(${JSON.stringify(release)})) await new Promise(setImmediate); return ${version} }`;
  const it = functionOf(codeOf(1));
  await call(it);
  const old = it.invoke(Buffer.from('{"wait":true}'), () => begun.resolve());
  await begun.promise;
  it.redeploy(settingsOf(codeOf(2)));
  expect(await call(it)).toEqual({ kind: 'response', body: 2 });
  writeFileSync(release, '');
  expect(JSON.parse(String(((await old) as { body: Buffer }).body))).toBe(1);
  expect(await call(it)).toEqual({ kind: 'response', body: 2 });
  expect(it.counts).toMatchObject({ coldStarts: 2, overlaps: 1, crashes: 0 });
});

test('an error is an answer; a process that ends is a crash', async () => {
  const failing = functionOf(
    `export const handler = async ({ exit }) => { if (exit) process.exit(1); throw new TypeError('no') }`,
  );
  expect(await call(failing)).toMatchObject({ kind: 'error', body: { errorType: 'TypeError', errorMessage: 'no' } });
  expect(await call(failing, { exit: true })).toEqual({ kind: 'crash' });
});

test('a rejection that nobody handles fails the invocation and ends the environment', async () => {
  const careless = functionOf(
    `export const handler = async () => { Promise.reject(new Error('forgotten')); await new Promise(() => setInterval(() => {}, 1e6)) }`,
  );
  expect(await call(careless)).toMatchObject({ kind: 'error', body: { errorMessage: 'forgotten' } });
});

test('a module that cannot be loaded is an error of initialisation', async () => {
  await expect(Sandbox.start(settingsOf('throw new Error("no driver")'))).rejects.toThrow(
    /could not be init.*no driver/,
  );
  await expect(Sandbox.start(settingsOf('export const other = 1'))).rejects.toThrow(/not exported/);
});
