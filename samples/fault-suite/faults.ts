import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SinkType, SourceType } from 'pulsar-io-serverless/connector';
import {
  type FaultSuiteOptions,
  faultSuite,
  type SinkWorld,
  type SourceWorld,
  type TypeUnderTest,
} from 'pulsar-io-serverless/testing';
import { cellsSink } from './cells-sink.ts';
import { journalSource } from './journal-source.ts';
import { ledgerSink } from './ledger-sink.ts';
import { startCells, startJournal } from './systems.ts';

const numberIn = (text: string): number => JSON.parse(text).n;

const ledgerWorld = (): SinkWorld => {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  const path = join(folder, 'ledger.db');
  const reader = new DatabaseSync(path);
  reader.exec('PRAGMA journal_mode = WAL; CREATE TABLE ledger (entry TEXT)');
  return {
    configs: { path },
    read: () => {
      const rows = reader.prepare('SELECT entry FROM ledger ORDER BY rowid').all();
      return rows.map(({ entry }) => numberIn(String(entry)));
    },
    dispose: () => {
      reader.close();
      rmSync(folder, { recursive: true });
    },
  };
};

const cellsWorld = async (): Promise<SinkWorld> => {
  const cells = await startCells();
  return { configs: { url: cells.url }, read: () => cells.texts().map(numberIn), dispose: () => cells.close() };
};

const journalWorld = async (): Promise<SourceWorld> => {
  const journal = await startJournal();
  return {
    configs: { url: journal.url },
    give: (n) => void journal.lines.push(JSON.stringify({ n })),
    dispose: () => journal.close(),
  };
};

/** Examines a ledger. */
export const examineLedger = (type: TypeUnderTest<SinkType>, options: FaultSuiteOptions) =>
  faultSuite(type, ledgerWorld, options);
/** Examines cells. */
export const examineCells = (type: TypeUnderTest<SinkType>, options: FaultSuiteOptions) =>
  faultSuite(type, cellsWorld, options);
/** Examines a journal. */
export const examineJournal = (type: SourceType, options: FaultSuiteOptions) => faultSuite(type, journalWorld, options);

if (import.meta.main) {
  const options = { seed: Number(process.argv[2] ?? 1), schedules: Number(process.argv[3] ?? 30) };
  console.log((await examineLedger(ledgerSink, options)).table);
  console.log((await examineCells(cellsSink, options)).table);
  console.log((await examineJournal(journalSource, options)).table);
}
