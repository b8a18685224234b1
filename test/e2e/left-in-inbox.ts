import { DatabaseSync } from 'node:sqlite';

/** Batches that wait in the inboxes of a SQLite store. */
export const leftInInbox = (storePath: string): number => {
  const database = new DatabaseSync(storePath, { readOnly: true });
  const row = database.prepare("SELECT count(*) AS n FROM pulsar_io_items WHERE sk LIKE 'batch#%'").get();
  database.close();
  return Number(row?.n);
};
