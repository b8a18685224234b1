import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { fileSource } from '../../src/connectors/file/source.ts';
import { jdbcSqliteSink } from '../../src/connectors/jdbc/sqlite-sink.ts';
import { noteRow } from './certificate.ts';
import { type FaultReport, FaultSuiteError, faultSuite } from './door/suite.ts';
import type { SinkWorld, SourceWorld } from './door/world.ts';
import { memoryFolder } from './memory-folder.ts';

const options = { seed: Number(process.env.PIO_FAULT_SEED ?? 20_261_121), schedules: 5 };
const LIMIT_MS = 360_000;

const table = (): SinkWorld => {
  const folder = memoryFolder();
  const path = join(folder, 'target.db');
  const reader = new DatabaseSync(path);
  reader.exec('PRAGMA journal_mode = WAL; CREATE TABLE arrived (n INTEGER, key TEXT)');
  return {
    configs: { jdbcUrl: `jdbc:sqlite:${path}`, tableName: 'arrived' },
    read: () => (reader.prepare('SELECT n FROM arrived ORDER BY rowid').all() as { n: number }[]).map(({ n }) => n),
    dispose: () => {
      reader.close();
      rmSync(folder, { recursive: true });
    },
  };
};

const file = (): SourceWorld => {
  const folder = memoryFolder();
  const path = join(folder, 'input.ndjson');
  return {
    configs: { path, format: 'ndjson', pollingInterval: 200 },
    give: (n) => appendFileSync(path, `${JSON.stringify({ n })}\n`),
    dispose: () => rmSync(folder, { recursive: true }),
  };
};

const isComplete = async (report: Promise<FaultReport>) => {
  const { rows } = await report;
  for (const row of rows) await noteRow(row);
  const exact = rows.find(({ guarantee }) => guarantee === 'EFFECTIVELY_ONCE');
  expect(exact).toMatchObject({ lost: 0, duplicated: 0, reordered: 0 });
  expect(rows).toHaveLength(9);
};

test(
  'jdbc-sqlite holds every guarantee that it declares, and every change between them',
  () => isComplete(faultSuite(jdbcSqliteSink, table, options)),
  LIMIT_MS,
);

test(
  'file holds every guarantee that it declares, and every change between them',
  () => isComplete(faultSuite(fileSource, file, options)),
  LIMIT_MS,
);

test('a failure names the scenario and replays as the same schedule', async () => {
  const blind = (): SinkWorld => ({ ...table(), read: () => [] });
  const failure = await faultSuite(jdbcSqliteSink, blind, { ...options, guarantees: ['ATLEAST_ONCE'] }).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(FaultSuiteError);
  const { scenario, schedule, violations, replay } = failure as FaultSuiteError;
  expect({ scenario, violations }).toMatchObject({
    scenario: 'jdbc-sqlite/ATLEAST_ONCE',
    violations: [expect.stringMatching(/^lost: 0 1/)],
  });
  const again = faultSuite(jdbcSqliteSink, blind, { ...options, guarantees: ['ATLEAST_ONCE'], ...replay });
  await expect(again).rejects.toMatchObject({ schedule });
});
