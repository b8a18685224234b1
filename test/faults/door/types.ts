import type {
  BatchSourceType,
  LogSourceType,
  OpenBatchSource,
  OpenContext,
  OpenLogSource,
  OpenQueueSource,
  OpenSink,
  QueueSourceType,
  SinkType,
  SourceType,
  TransactionalSink,
} from '../../../src/core/connector-type.ts';
import { PulsarIoError } from '../../../src/core/errors.ts';
import type { SimulatedProcess } from './process.ts';

const sinkAway = { failure: () => new PulsarIoError('PIO_SINK_UNAVAILABLE', 'a fault: the target does not answer') };
const sourceAway = {
  failure: () => new PulsarIoError('PIO_SOURCE_UNAVAILABLE', 'a fault: the source system does not answer'),
};

const opened = async <O extends { close(): Promise<void> }>(
  process: SimulatedProcess,
  context: OpenContext,
  open: (context: OpenContext) => Promise<O>,
): Promise<O> => {
  const connector = await process.run('open', () => open({ ...context, fetch: process.fetch }));
  process.closeWhenKilled(() => connector.close());
  return connector;
};

const isTransactional = (sink: OpenSink | TransactionalSink): sink is TransactionalSink => 'transact' in sink;

const sinkOf = (sink: OpenSink | TransactionalSink, process: SimulatedProcess): OpenSink | TransactionalSink => ({
  write: (records, signal) => process.ask('sink.write', () => sink.write(records, signal), { ...sinkAway, signal }),
  close: () => process.run('close', () => sink.close()),
  ...(isTransactional(sink) && {
    fence: (topic, token, initial, signal) =>
      process.ask('sink.fence', () => sink.fence(topic, token, initial, signal), { ...sinkAway, signal }),
    transact: (records, move, signal) =>
      process.ask('sink.transact', () => sink.transact(records, move, signal), { ...sinkAway, signal }),
  }),
});

/** A sink type whose calls faults may strike. */
export const sinkTypeUnderTest = (type: SinkType, process: SimulatedProcess): SinkType => ({
  ...type,
  open: async (config, context) => sinkOf(await opened(process, context, (its) => type.open(config, its)), process),
});

async function* taken<T>(
  source: AsyncIterable<T>,
  process: SimulatedProcess,
  port: string,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const reading = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const page = await process.ask(port, () => reading.next(), { ...sourceAway, signal });
      if (page.done) return;
      yield page.value;
    }
  } finally {
    void reading.return?.().catch(() => undefined);
  }
}

const logSourceOf = (source: OpenLogSource, process: SimulatedProcess): OpenLogSource => ({
  partitions: (signal) => process.ask('source.partitions', () => source.partitions(signal), { ...sourceAway, signal }),
  read: (partition, from, signal) => taken(source.read(partition, from, signal), process, 'source.read', signal),
  close: () => process.run('close', () => source.close()),
  ...(source.committed && {
    committed: (partition, sequence, signal) =>
      process.ask('source.committed', () => source.committed?.(partition, sequence, signal), { ...sourceAway, signal }),
  }),
});

const queueSourceOf = (source: OpenQueueSource, process: SimulatedProcess): OpenQueueSource => ({
  hiddenMs: source.hiddenMs,
  retentionMs: source.retentionMs,
  receive: (max, waitMs, signal) =>
    process.ask('queue.receive', () => source.receive(max, waitMs, signal), { ...sourceAway, signal }),
  settle: (receipts, signal) =>
    process.ask('queue.settle', () => source.settle(receipts, signal), { ...sourceAway, signal }),
  extend: (receipts, signal) =>
    process.ask('queue.extend', () => source.extend(receipts, signal), { ...sourceAway, signal }),
  close: () => process.run('close', () => source.close()),
});

const logType = (type: LogSourceType, process: SimulatedProcess): LogSourceType => ({
  ...type,
  open: async (config, context) =>
    logSourceOf(await opened(process, context, (its) => type.open(config, its)), process),
});

const queueType = (type: QueueSourceType, process: SimulatedProcess): QueueSourceType => ({
  ...type,
  open: async (config, context) =>
    queueSourceOf(await opened(process, context, (its) => type.open(config, its)), process),
});

const batchSourceOf = (source: OpenBatchSource, process: SimulatedProcess): OpenBatchSource => ({
  discover: (dueMs, sinceMs, signal) =>
    taken(source.discover(dueMs, sinceMs, signal), process, 'batch.discover', signal),
  read: (task, from, signal) => taken(source.read(task, from, signal), process, 'batch.read', signal),
  close: () => process.run('close', () => source.close()),
});

const batchType = (type: BatchSourceType, process: SimulatedProcess): BatchSourceType => ({
  ...type,
  open: async (config, context) =>
    batchSourceOf(await opened(process, context, (its) => type.open(config, its)), process),
});

/** A source type whose calls faults may strike. An event source has none: it is a pure function. */
export const sourceTypeUnderTest = (type: SourceType, process: SimulatedProcess): SourceType => {
  if (type.source === 'log') return logType(type, process);
  if (type.source === 'queue') return queueType(type, process);
  return type.source === 'batch' ? batchType(type, process) : type;
};
