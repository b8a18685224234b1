import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { sqliteTarget } from './sqlite-target.ts';

const CHILD = fileURLToPath(new URL('sqlite-child.ts', import.meta.url));
/** Before and after each statement of a fence and of the first two transactions. */
const STEPS = 2 * (4 + 2 * 6);

const runAndKill = async (file: string, epoch: number, step: number): Promise<void> => {
  const child = spawn(process.execPath, [CHILD, file, String(epoch), String(step)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
};

test.each(['delete', 'wal'])(
  'each row is there once although a run is killed at every statement, with journal_mode %s',
  async (journal) => {
    const target = await sqliteTarget({}, `PRAGMA journal_mode = ${journal}; CREATE TABLE items (entry INTEGER)`);
    const number = (sql: string) => Number(target.database.prepare(sql).get()?.n);
    for (let step = 1; step <= STEPS; step++) {
      await runAndKill(target.file, step, step);
      const hasFrontier = number("SELECT count(*) n FROM sqlite_schema WHERE name = 'pulsar_io_checkpoint'") === 1;
      const rows = hasFrontier ? number('SELECT coalesce(max(entry_id), -1) + 1 n FROM pulsar_io_checkpoint') : 0;
      expect([
        step,
        number('SELECT count(*) n FROM items'),
        number('SELECT count(DISTINCT entry) n FROM items'),
      ]).toEqual([step, rows, rows]);
    }
    expect(number('SELECT count(*) n FROM items')).toBeGreaterThan((3 * STEPS) / 4);
    await target.dispose();
  },
  120_000,
);
