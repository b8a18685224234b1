import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openItemStore } from '../../src/stores/open.ts';

describe('opening a store by its address', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pio-open-'));
  });
  afterEach(async () => rm(folder, { recursive: true, force: true }));

  test('opens a SQLite file', async () => {
    const store = await openItemStore(`sqlite:${folder}/store.db`);
    await store.put({ pk: 'p', sk: 's' }, 1, { ifVersion: 0 });
    await store.close();
    const again = await openItemStore(`sqlite:${folder}/store.db`);
    expect((await again.get({ pk: 'p', sk: 's' }))?.data).toBe(1);
    await again.close();
  });

  test('opens a store in memory, with options', async () => {
    const store = await openItemStore('sqlite::memory:', { sqlite: { maxBytes: 8192 } });
    const full = store.put({ pk: 'p', sk: 's' }, 'x'.repeat(100_000), { ifVersion: 0 });
    await expect(full).rejects.toMatchObject({ code: 'PIO_STORE_UNAVAILABLE' });
    await store.close();
  });

  test('opens a DynamoDB table without asking it anything', async () => {
    const store = await openItemStore('dynamodb:pulsar-io');
    await store.close();
  });

  test.each([
    '',
    'sqlite',
    'sqlite:',
    'sqlite:///data/x.db',
    'dynamodb:',
    'dynamodb:a b',
    'postgres://u:secret@h/d',
    '/x.db',
  ])('refuses "%s" and says what would be right, without the secrets in it', async (url) => {
    const error: unknown = await openItemStore(url).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'PIO_CONFIG_INVALID' });
    expect((error as Error).message).toContain('right would be sqlite:/path/to/file.db or dynamodb:TableName');
    expect((error as Error).message).not.toContain('secret');
  });

  test('loads the AWS SDK for DynamoDB only', async () => {
    const loadedFor = async (url: string): Promise<number> => {
      const script = `
        const { openItemStore } = await import('./src/stores/open.ts');
        await (await openItemStore('${url}')).close();
        const { createRequire } = await import('node:module');
        const loaded = Object.keys(createRequire(process.cwd() + '/x.js').cache);
        console.log(loaded.filter((file) => file.includes('aws-sdk')).length);`;
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
      return Number(stdout);
    };
    expect(await loadedFor('sqlite::memory:')).toBe(0);
    expect(await loadedFor('dynamodb:pulsar-io')).toBeGreaterThan(0);
  });
});
