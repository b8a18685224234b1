import type { LogSourceType, SinkType, TransactionalSink } from 'pulsar-io-serverless/connector';
import { FaultSuiteError, type ProcessUnderTest } from 'pulsar-io-serverless/testing';
import { cellsSink } from './cells-sink.ts';
import { examineCells, examineJournal, examineLedger } from './faults.ts';
import { journalSource } from './journal-source.ts';
import { ledgerSink } from './ledger-sink.ts';

/** A ledger whose entries are committed before its frontier; the process may die between the two. */
const ledgerInTwoSteps = (process: ProcessUnderTest): SinkType => ({
  ...ledgerSink,
  open: async (config, context) => {
    const ledger = process.calls((await ledgerSink.open(config, context)) as TransactionalSink);
    return {
      write: (...given) => ledger.write(...given),
      fence: (...given) => ledger.fence(...given),
      transact: async (records, move, signal) => {
        await ledger.write(records, signal);
        return ledger.transact([], move, signal);
      },
      close: () => ledger.close(),
    };
  },
});

/** Cells whose writes are not awaited: what fails is lost. */
const hastyCells: SinkType = {
  ...cellsSink,
  open: async (config, context) => {
    const cells = await cellsSink.open(config, context);
    const write: typeof cells.write = async (records, signal) => {
      await cells.write(records, signal);
      return records.map(() => ({ ok: true }));
    };
    return { write, close: () => cells.close() };
  },
};

/** A journal whose sequences are counted from where a run begins. */
const countingJournal: LogSourceType = {
  ...journalSource,
  open: async (config, context) => {
    const journal = await journalSource.open(config, context);
    return {
      ...journal,
      async *read(partition, from, signal) {
        let sequence = 0;
        for await (const page of journal.read(partition, from, signal))
          yield page.map((record) => ({ ...record, sequence: ++sequence }));
      },
    };
  },
};

const [name, seed = '1'] = process.argv.slice(2);
const options = {
  seed: Number(seed),
  schedules: 300,
  maxRecords: 30,
  guarantees: ['EFFECTIVELY_ONCE'] as const,
  withChanges: false,
};
const defects: Record<string, () => Promise<unknown>> = {
  ledger: () => examineLedger(ledgerInTwoSteps, options),
  cells: () => examineCells(hastyCells, options),
  journal: () => examineJournal(countingJournal, options),
};
try {
  await defects[name ?? '']?.();
  console.log('nothing found');
} catch (error) {
  if (!(error instanceof FaultSuiteError)) throw error;
  console.log(error.message);
}
