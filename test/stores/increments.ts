import { parentPort, workerData } from 'node:worker_threads';
import { StoreConflictError } from '../../src/core/store-conflict.ts';
import { sqliteItemStore } from '../../src/stores/sqlite/item-store.ts';

/** Run as a process of its own or as a worker: adds 1 to a counter in a store file, so many times, by compare-and-set. */
const [path, times] = parentPort ? (workerData as [string, string]) : process.argv.slice(2);
const store = await sqliteItemStore(path ?? '');
const key = { pk: 'counter', sk: 'counter' };
for (let done = 0; done < Number(times); ) {
  const current = await store.get(key);
  try {
    await store.put(key, Number(current?.data ?? 0) + 1, { ifVersion: current?.version ?? 0 });
    done++;
  } catch (error) {
    if (!(error instanceof StoreConflictError)) throw error;
  }
}
await store.close();
