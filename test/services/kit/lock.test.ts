import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { withLock } from './lock.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-test-'));
  path = join(folder, 'deep', 'it.lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('lets one in at a time, and the next after a failure', async () => {
  const events: string[] = [];
  const enter = (name: string, end: () => Promise<void>) =>
    withLock(path, async () => {
      events.push(`${name} in`);
      await end();
      events.push(`${name} out`);
    });
  const first = enter('first', () => Promise.reject(new Error('broken')));
  const second = first.catch(() => enter('second', async () => {}));
  await expect(first).rejects.toThrow('broken');
  await second;
  let release = (): void => {};
  const third = enter('third', () => new Promise((resolve) => (release = resolve)));
  while (!events.includes('third in')) await new Promise(setImmediate);
  const fourth = enter('fourth', async () => {});
  release();
  await Promise.all([third, fourth]);
  expect(events).toEqual(['first in', 'second in', 'second out', 'third in', 'third out', 'fourth in', 'fourth out']);
});

test('takes over the lock of a process that has died', async () => {
  await withLock(path, async () => {});
  await writeFile(path, '4194304'); // above the largest pid of Linux
  expect(await withLock(path, async () => 'in')).toBe('in');
});
