import type {
  BatchSourceType,
  EventSourceType,
  LogSourceType,
  QueueSourceType,
  SinkType,
  TransactionalSink,
} from 'pulsar-io-serverless/connector';
import { FaultSuiteError, type ProcessUnderTest } from 'pulsar-io-serverless/testing';
import { bellSource } from './bell-source.ts';
import { cellsSink } from './cells-sink.ts';
import { cratesSource } from './crates-source.ts';
import {
  examineBell,
  examineCells,
  examineCrates,
  examineJournal,
  examineLedger,
  examineRoll,
  examineTickets,
} from './faults.ts';
import { journalSource } from './journal-source.ts';
import { ledgerSink } from './ledger-sink.ts';
import { rollSink } from './roll-sink.ts';
import { ticketsSource } from './tickets-source.ts';

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

/** An office whose tickets are torn up as they are taken. */
const hastyTickets = (process: ProcessUnderTest): QueueSourceType => {
  const type = ticketsSource(process);
  return {
    ...type,
    open: async (config, context) => {
      const office = await type.open(config, context);
      const receive: typeof office.receive = async (max, waitMs, signal) => {
        const messages = await office.receive(max, waitMs, signal);
        await office.settle(
          messages.map(({ receipt }) => receipt),
          signal,
        );
        return messages;
      };
      return { ...office, receive };
    },
  };
};

/** Crates that are read from their start whatever was read of them. */
const forgetfulCrates: BatchSourceType = {
  ...cratesSource,
  open: async (config, context) => {
    const crates = await cratesSource.open(config, context);
    return { ...crates, read: (task, _, signal) => crates.read(task, undefined, signal) };
  },
};

/** A bell that does not answer twice to the same ring, although nothing came of the first. */
const deafBell = (): EventSourceType => {
  const rung = new Set<string>();
  return {
    ...bellSource,
    map: (event, config) => {
      const body = String(event.body);
      if (rung.has(body)) return [];
      rung.add(body);
      return bellSource.map(event, config);
    },
  };
};

/** A roll that says it took what it did not. */
const flatteringRoll: SinkType = {
  ...rollSink,
  open: async (config, context) => {
    const roll = await rollSink.open(config, context);
    const write: typeof roll.write = async (records, signal) => {
      await roll.write(records, signal);
      return records.map(() => ({ ok: true }));
    };
    return { write, close: () => roll.close() };
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
  tickets: () => examineTickets(hastyTickets, options),
  crates: () => examineCrates(forgetfulCrates, options),
  bell: () => examineBell(deafBell(), { ...options, guarantees: ['ATLEAST_ONCE'] }),
  roll: () => examineRoll(flatteringRoll, { ...options, guarantees: ['ATLEAST_ONCE'] }),
};
try {
  await defects[name ?? '']?.();
  console.log('nothing found');
} catch (error) {
  if (!(error instanceof FaultSuiteError)) throw error;
  console.log(error.message);
}
