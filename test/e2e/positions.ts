import { DatabaseSync } from 'node:sqlite';

/** Positions of the source partitions in the checkpoints of a SQLite store. */
export const positionsOf = (storePath: string): readonly Readonly<Record<string, unknown>>[] => {
  const database = new DatabaseSync(storePath, { readOnly: true });
  const rows = database.prepare("SELECT data FROM pulsar_io_items WHERE sk LIKE 'ckpt#%'").all();
  database.close();
  return rows.flatMap(({ data }) => JSON.parse(String(data)).progress.position ?? []);
};
