import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { EventSourceType, SinkType, SourceType } from 'pulsar-io-serverless/connector';
import {
  type EventWorld,
  type FaultSuiteOptions,
  faultSuite,
  type SinkWorld,
  type SourceWorld,
  type TypeUnderTest,
  type WorldContext,
} from 'pulsar-io-serverless/testing';
import { bellSource } from './bell-source.ts';
import { cellsSink } from './cells-sink.ts';
import { cratesSource, Packer } from './crates-source.ts';
import { journalSource } from './journal-source.ts';
import { ledgerSink } from './ledger-sink.ts';
import { newRoll, rollSink } from './roll-sink.ts';
import { startCells, startJournal } from './systems.ts';
import { openOffice, TicketOffice } from './ticket-office.ts';
import { ticketsSource } from './tickets-source.ts';

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

const ticketsWorld = (context: WorldContext): SourceWorld => {
  const office = new TicketOffice(context);
  return { configs: { office: openOffice(office) }, give: (n) => office.add(`t${n}`, JSON.stringify({ n })) };
};

const cratesWorld = ({ delay }: WorldContext): SourceWorld => {
  const folder = mkdtempSync(join(tmpdir(), 'crates-'));
  const packer = new Packer(folder, delay);
  return {
    configs: { folder },
    give: (n) => packer.add(JSON.stringify({ n })),
    laneOf: () => 'folder',
    dispose: () => rmSync(folder, { recursive: true }),
  };
};

const bellWorld = (): EventWorld => ({
  request: (numbers) => ({ body: numbers.map((n) => JSON.stringify({ n })).join('\n') }),
});

const rollWorld = (): SinkWorld => {
  const { name, roll } = newRoll();
  return {
    configs: { roll: name },
    poison: (n) => `torn ${JSON.stringify({ n })}`,
    mend: () => {
      roll.takesAll = true;
    },
    read: () => roll.lines.map((line) => numberIn(line.replace('torn ', ''))),
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
/** Examines a ticket office. */
export const examineTickets = (type: TypeUnderTest<SourceType>, options: FaultSuiteOptions) =>
  faultSuite(type, ticketsWorld, options);
/** Examines crates. */
export const examineCrates = (type: SourceType, options: FaultSuiteOptions) => faultSuite(type, cratesWorld, options);
/** Examines a bell. */
export const examineBell = (type: EventSourceType, options: FaultSuiteOptions) => faultSuite(type, bellWorld, options);
/** Examines a roll of paper. */
export const examineRoll = (type: TypeUnderTest<SinkType>, options: FaultSuiteOptions) =>
  faultSuite(type, rollWorld, options);

if (import.meta.main) {
  const options = { seed: Number(process.argv[2] ?? 1), schedules: Number(process.argv[3] ?? 30) };
  console.log((await examineLedger(ledgerSink, options)).table);
  console.log((await examineCells(cellsSink, options)).table);
  console.log((await examineJournal(journalSource, options)).table);
  console.log((await examineTickets(ticketsSource, options)).table);
  console.log((await examineCrates(cratesSource, options)).table);
  console.log((await examineBell(bellSource, options)).table);
  console.log((await examineRoll(rollSink, options)).table);
}
