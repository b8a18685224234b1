import { catalogue } from '../../src/connectors/catalogue.ts';
import type { OpenBatchSource, OpenLogSource, OpenQueueSource, SourceType } from '../../src/core/connector-type.ts';
import { configOf, context } from '../../test/connectors/open.ts';
import { type Filled, type Measured, type Measures, type SourceSide, timed } from './system.ts';

/** What a run asks a queue for at once, and how long it waits. */
const RECEIVE = 1_000;
const WAIT_MS = 1_000;

const running = (): AbortSignal => new AbortController().signal;

/** Opens; the answer reads until there is nothing more, and tells how much there was. */
type Reader = (filled: Filled, records: number) => Promise<() => Promise<number>>;

/** Rates of one source: of its client alone, and of ours. Only the source's code, without topic and pipeline. */
export const sourceMeasures = (side: SourceSide): Measures => [
  ['raw client', () => measure(side, (filled) => filled.raw())],
  ['source', () => measure(side, (filled, records) => throughSource(side.sourceType, filled, records))],
];

/** Out of a system that was filled for it. */
const measure = async ({ records, fill }: SourceSide, reader: Reader): Promise<Measured> => {
  const filled = await fill(records);
  const read = await reader(filled, records);
  let count = 0;
  const measured = await timed(records, async () => {
    count = await read();
  });
  await filled.dispose?.();
  if (count !== records) throw new Error(`${count} of ${records} records were read`);
  return measured;
};

const throughSource = async (name: string, { configs }: Filled, records: number): Promise<() => Promise<number>> => {
  const type = catalogue.source(name) as SourceType;
  if (type.source === 'event') throw new Error(`${name} is handed its records, it does not read`);
  const source = await type.open(configOf(type, configs), context());
  return async () => {
    const count = await readAll(source, records);
    await source.close();
    return count;
  };
};

const readAll = (source: OpenLogSource | OpenQueueSource | OpenBatchSource, records: number): Promise<number> => {
  if ('receive' in source) return readQueue(source, records);
  return 'discover' in source ? readTasks(source) : readLog(source);
};

/** Settles beside receiving, as a run does. */
const readQueue = async (source: OpenQueueSource, records: number): Promise<number> => {
  let count = 0;
  let settling: Promise<void> = Promise.resolve();
  while (count < records) {
    const messages = await source.receive(RECEIVE, WAIT_MS, running());
    await settling;
    const receipts = messages.map(({ receipt }) => receipt);
    settling = source.settle(receipts, running());
    settling.catch(() => undefined);
    count += messages.length;
  }
  await settling;
  return count;
};

const readTasks = async (source: OpenBatchSource): Promise<number> => {
  let count = 0;
  for await (const tasks of source.discover(Date.now(), undefined, running())) {
    for (const { task } of tasks)
      for await (const page of source.read(task, undefined, running())) count += page.length;
  }
  return count;
};

const readLog = async (source: OpenLogSource): Promise<number> => {
  let count = 0;
  for (const partition of await source.partitions(running()))
    for await (const page of source.read(partition, undefined, running()))
      for (const { isMark } of page) if (!isMark) count += 1;
  return count;
};
