import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { FailedInvocation } from '../../src/emulator/offline/aws/asynchronous.ts';
import { type DataFolder, openDataFolder } from '../../src/emulator/offline/data-folder.ts';
import { type Functions, startFunctions } from '../../src/emulator/offline/functions.ts';

jest.setTimeout(360_000);

let folder: string;
let data: DataFolder;
let functions: Functions;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pio-limits-'));
  data = openDataFolder(folder);
  const pulsar = { pulsarServiceUrl: 'pulsar://127.0.0.1:1', pulsarAdminUrl: undefined };
  functions = await startFunctions({ data, ...pulsar, storeUrl: `sqlite:${data.store}` }, AbortSignal.timeout(300_000));
});
afterAll(async () => {
  await functions?.stop();
  data[Symbol.dispose]();
  await rm(folder, { recursive: true, force: true });
});

const failures = async (): Promise<FailedInvocation[]> => {
  const text = await readFile(data.failedInvokes, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
};

test('keeps an asynchronous invocation that failed, once, as serverless.yml has it of runs', async () => {
  const before = await failures();
  await functions.invoke('source', { no: 'run' });
  while ((await failures()).length === before.length) await new Promise(setImmediate);
  expect(await failures()).toEqual([
    ...before,
    expect.objectContaining({
      requestContext: expect.objectContaining({
        functionArn: expect.stringContaining(':function:pulsar-io-serverless-dev-source:'),
        condition: 'RetriesExhausted',
        approximateInvokeCount: 1,
      }),
      requestPayload: { no: 'run' },
    }),
  ]);
});

test('refuses an asynchronous payload of more than 1 MB, and a request that Lambda would not take in base 64', async () => {
  await expect(functions.invoke('source', { text: 'x'.repeat(1_048_576) })).rejects.toThrow('answered 413');
  const post = (bytes: number, type: string) =>
    fetch(`http://127.0.0.1:${functions.httpPort}/webhooks/public/default/no`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: Buffer.alloc(bytes, 0x20),
    });
  expect((await post(5_000_000, 'application/octet-stream')).status).toBe(413);
  expect((await post(5_000_000, 'text/plain')).status).toBe(404);
});
