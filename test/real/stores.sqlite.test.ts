import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { sqliteItemStore } from '../../src/stores/sqlite/item-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'pio-disk-'));

/** A disk of 2 MB; mounting takes root. */
const isMounted = ((): boolean => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

afterAll(() => {
  if (isMounted) execFileSync('umount', ['-l', folder]);
  rmSync(folder, { recursive: true, force: true });
});

(isMounted ? describe : describe.skip)('sqlite store on a small disk (skipped where nothing can be mounted)', () => {
  const file = join(folder, 'store.db');
  const filler = join(folder, 'filler');
  const keyOf = (n: number) => ({ pk: 'p', sk: `k${n}` });
  const data = 'x'.repeat(20_000);
  const fill = () => writeFile(filler, Buffer.alloc(4 * 1024 * 1024)).catch(() => {});

  test('says unavailable when the disk is full, loses nothing, claims nothing, and goes on when there is room', async () => {
    const store = await sqliteItemStore(file);
    let written = 0;
    for (; written < 10; written++) await store.put(keyOf(written), data, { ifVersion: 0 });
    await fill();

    // The log that SQLite writes ahead has some room left: it fills up write by write.
    let error: unknown;
    while (error === undefined && written < 200)
      error = await store.put(keyOf(written), data, { ifVersion: 0 }).then(
        () => void written++,
        (reason: unknown) => reason,
      );
    expect(error).toMatchObject({ code: 'PIO_STORE_UNAVAILABLE', disposition: 'retry' });
    expect((error as Error).message).toContain(`writing item p k${written} in store file ${file}: `);
    await expect(store.put(keyOf(written), data, { ifVersion: 0 })).rejects.toMatchObject({
      code: 'PIO_STORE_UNAVAILABLE',
    });

    const keys = async () => (await store.query('p', {})).items.map((item) => item.key.sk).sort();
    const expected = Array.from({ length: written }, (_, n) => `k${n}`).sort();
    expect(await keys()).toEqual(expected);

    await unlink(filler);
    expect((await store.put(keyOf(written), data, { ifVersion: 0 })).version).toBe(1);
    await store.close();

    const again = await sqliteItemStore(file);
    expect((await again.query('p', {})).items).toHaveLength(written + 1);
    await again.close();
  });

  test('says unavailable when the disk is read-only', async () => {
    const store = await sqliteItemStore(file);
    await store.close();
    execFileSync('mount', ['-o', 'remount,ro', folder]);
    try {
      const error: unknown = await sqliteItemStore(file)
        .then(
          (opened) => opened.put(keyOf(1000), 1, { ifVersion: 0 }),
          (reason: unknown) => Promise.reject(reason),
        )
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'PIO_STORE_UNAVAILABLE', disposition: 'retry' });
      expect((error as Error).message).toContain(file);
    } finally {
      execFileSync('mount', ['-o', 'remount,rw', folder]);
    }
  });
});
