import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import { sqliteError } from '../../src/stores/sqlite/errors.ts';
import { sqliteItemStore } from '../../src/stores/sqlite/item-store.ts';
import { openDatabase, prepareStatements } from '../../src/stores/sqlite/schema.ts';
import { itemStoreContract } from '../contracts/item-store.ts';
import { storesContract } from '../contracts/stores.ts';

let folder: string;
let files = 0;
const newFile = (): string => join(folder, `store-${files++}.db`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pio-stores-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

itemStoreContract('sqlite', () => sqliteItemStore(join(folder, 'contract.db')));
storesContract('sqlite', () => sqliteItemStore(join(folder, 'contract.db')));

const key = { pk: 'p', sk: 's' };
const outcome = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('sqlite store file', () => {
  test('counts exactly when processes and threads open a new file at once and increment', async () => {
    const file = newFile();
    const script = fileURLToPath(new URL('./increments.ts', import.meta.url));
    const child = async () => promisify(execFile)(process.execPath, [script, file, '200']);
    const thread = async () => {
      const worker = new Worker(script, { workerData: [file, '200'] });
      const [code] = await once(worker, 'exit');
      expect(code).toBe(0);
    };
    await Promise.all([child(), child(), child(), thread(), thread()]);
    const store = await sqliteItemStore(file);
    expect(await store.get({ pk: 'counter', sk: 'counter' })).toMatchObject({ version: 1000, data: 1000 });
    await store.close();
  });

  test('keeps its items when it is closed and opened again, and makes its folder', async () => {
    const file = join(folder, 'a', 'b', 'store.db');
    const first = await sqliteItemStore(file);
    await first.put(key, { a: 1 }, { ifVersion: 0 });
    await first.close();
    await first.close();
    const second = await sqliteItemStore(file);
    expect((await second.get(key))?.data).toEqual({ a: 1 });
    await second.close();
  });

  test('works in memory', async () => {
    const store = await sqliteItemStore(':memory:');
    await store.put(key, 1, { ifVersion: 0 });
    expect((await store.get(key))?.version).toBe(1);
    await store.close();
  });

  test('refuses what comes after close', async () => {
    const store = await sqliteItemStore(newFile());
    await store.close();
    await expect(store.get(key)).rejects.toMatchObject({ code: 'PIO_STORE_UNAVAILABLE' });
  });

  test('refuses a write when there is no room, and takes it when there is room again', async () => {
    const file = newFile();
    const store = await sqliteItemStore(file, { maxBytes: 256 * 1024 });
    const data = 'x'.repeat(50_000);
    const names: string[] = [];
    let error: unknown;
    while (error === undefined) {
      const sk = `k${names.length}`;
      error = await store.put({ pk: 'p', sk }, data, { ifVersion: 0 }).then(
        () => void names.push(sk),
        (e: unknown) => e,
      );
    }
    expect(error).toMatchObject({ code: 'PIO_STORE_UNAVAILABLE', disposition: 'retry' });
    expect((error as Error).message).toContain(file);
    expect((error as Error).message).toContain('there is no room');
    expect(names.length).toBeGreaterThan(2);

    const { items } = await store.query('p', {});
    expect(items.map((item) => item.key.sk)).toEqual(names);
    await store.delete({ pk: 'p', sk: 'k0' }, 1);
    await store.put({ pk: 'p', sk: 'new' }, data, { ifVersion: 0 });
    expect((await store.get({ pk: 'p', sk: 'new' }))?.data).toBe(data);
    await store.close();
  });

  test('says that a file is not a database', async () => {
    const file = newFile();
    await writeFile(file, 'This is some text, and nothing that SQLite wrote. '.repeat(100));
    const error = await outcome(sqliteItemStore(file));
    expect(error).toMatchObject({ code: 'PIO_STORE_UNAVAILABLE', disposition: 'fatal' });
    expect((error as Error).message).toContain(`${file}: the file is not a SQLite database`);
  });

  test('says that a file is damaged', async () => {
    const file = newFile();
    const store = await sqliteItemStore(file);
    for (let n = 0; n < 50; n++) await store.put({ pk: 'p', sk: `k${n}` }, 'x'.repeat(2_000), { ifVersion: 0 });
    await store.close();
    const bytes = await readFile(file);
    await writeFile(file, bytes.fill(0xee, 4096));
    const damaged = await outcome(
      sqliteItemStore(file).then(async (opened) => {
        try {
          await opened.query('p', {});
        } finally {
          await opened.close();
        }
      }),
    );
    expect(damaged).toMatchObject({ code: 'PIO_STORE_UNAVAILABLE', disposition: 'fatal' });
    expect((damaged as Error).message).toContain(file);
  });

  test('says that a path cannot be opened', async () => {
    const error = await outcome(sqliteItemStore(folder));
    expect(error).toMatchObject({ code: 'PIO_STORE_UNAVAILABLE', disposition: 'retry' });
    const inFile = newFile();
    await writeFile(inFile, '');
    expect(await outcome(sqliteItemStore(join(inFile, 'x.db')))).toMatchObject({ code: 'PIO_STORE_UNAVAILABLE' });
  });

  test('says that another process holds the file, and goes on when it lets go', async () => {
    const file = newFile();
    const store = await sqliteItemStore(file, { busyTimeoutMs: 1 });
    const blocker = new DatabaseSync(file);
    blocker.exec('BEGIN IMMEDIATE');
    const error = await outcome(store.put(key, 1, { ifVersion: 0 }));
    expect(error).toMatchObject({ code: 'PIO_STORE_UNAVAILABLE', disposition: 'retry' });
    expect((error as Error).message).toContain('another process holds it');
    expect(await store.get(key)).toBeUndefined();
    blocker.exec('ROLLBACK');
    blocker.close();
    expect((await store.put(key, 1, { ifVersion: 0 })).version).toBe(1);
    await store.close();
  });

  test('tries again to open a new file that another opener holds', async () => {
    const file = newFile();
    const blocker = new DatabaseSync(file);
    blocker.exec('BEGIN EXCLUSIVE');
    const waits: number[] = [];
    const clock = {
      ...systemClock,
      sleep: async (ms: number) => {
        if (waits.push(ms) === 3) blocker.close();
      },
    };
    const store = await sqliteItemStore(file, { clock, busyTimeoutMs: 0 });
    expect(waits).toHaveLength(3);
    await store.close();
  });

  test('drops expired items with the first write after opening, and no others', async () => {
    const file = newFile();
    const nowMs = 1_000_000;
    const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => {} };
    const first = await sqliteItemStore(file, { clock });
    await first.put({ pk: 'p', sk: 'old' }, 1, { ifVersion: 0, expiresAtMs: nowMs - 1 });
    await first.put({ pk: 'p', sk: 'new' }, 1, { ifVersion: 0, expiresAtMs: nowMs + 1 });
    await first.put({ pk: 'p', sk: 'never' }, 1, { ifVersion: 0 });
    await first.put({ pk: 'p', sk: 'again' }, 1, { ifVersion: 0, expiresAtMs: nowMs - 1 });
    await first.put({ pk: 'p', sk: 'again' }, 2, { ifVersion: 1 });
    await first.close();
    const second = await sqliteItemStore(file, { clock });
    await second.put(key, 1, { ifVersion: 0 });
    const { items } = await second.query('p', {});
    expect(items.map((item) => item.key.sk)).toEqual(['again', 'never', 'new', 's']);
    await second.close();
  });

  test('leaves no read transaction open after a page that was not read to its end', async () => {
    const file = newFile();
    const store = await sqliteItemStore(file);
    for (const sk of ['a', 'b', 'c']) await store.put({ pk: 'p', sk }, 1, { ifVersion: 0 });
    await store.query('p', { limit: 1 });
    const other = new DatabaseSync(file);
    expect(other.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()).toMatchObject({ busy: 0 });
    other.close();
    await store.close();
  });

  test('uses the index for a page in the middle', () => {
    const db = openDatabase(':memory:', { busyTimeoutMs: 0, synchronous: 'NORMAL' });
    const { query } = prepareStatements(db);
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${query.sourceSQL}`).all({ pk: '', prefix: '', after: '', limit: 1 });
    expect(plan.map(({ detail }) => detail).join()).toMatch(/SEARCH .*pk=\? AND sk>\? AND sk<\?/);
    db.close();
  });
});

describe('errors of SQLite', () => {
  const failure = (errcode: number) => Object.assign(new Error('the words of SQLite'), { errcode });

  test.each([
    [5, 'retry', 'another process holds it'],
    [517, 'retry', 'another process holds it'],
    [8, 'retry', 'it cannot be written'],
    [10, 'retry', 'the disk gave an error'],
    [778, 'retry', 'the disk gave an error'],
    [11, 'fatal', 'the file is damaged'],
    [13, 'retry', 'there is no room'],
    [14, 'retry', 'it cannot be opened'],
    [26, 'fatal', 'the file is not a SQLite database'],
    [1, 'retry', 'the words of SQLite'],
  ])('maps code %d to the disposition %s and says that %s', (errcode, disposition, words) => {
    const cause = failure(errcode);
    const error = sqliteError(cause, '/data/store.db', 'writing item p s');
    expect(error).toMatchObject({ code: 'PIO_STORE_UNAVAILABLE', disposition, cause });
    expect(error.message).toContain(`writing item p s in store file /data/store.db: ${words}`);
  });

  test('leaves our own errors as they are', () => {
    const own = new PulsarIoError('PIO_ABORTED', 'the run ends');
    expect(sqliteError(own, 'f', 'reading')).toBe(own);
  });
});
