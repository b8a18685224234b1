import type { FrontierMove, OpenSink, TransactionalSink } from '../core/connector-type.ts';
import { toPulsarIoError } from '../core/errors.ts';
import type { RecordResult } from '../core/record.ts';
import type { FrontierHolder } from './frontier-holder.ts';
import { frontierBehind, pending, type SinkBatch, type SinkItem } from './sink-batch.ts';

/** The innermost step of the sink pipeline: hands the target what is not settled and can be read, with the frontier where the guarantee says so. */
export const write =
  (sink: OpenSink | TransactionalSink) =>
  (batch: SinkBatch): Promise<void> =>
    batch.commitsInTarget ? writeTransaction(sink as TransactionalSink, batch) : writeRecords(sink, batch);

const writeRecords = async (sink: OpenSink, batch: SinkBatch): Promise<void> => {
  const items = writable(batch);
  if (items.length === 0) return;
  const records = items.map(({ record }) => record);
  applyResults(batch, items, await sink.write(records, batch.signal));
};

/**
 * Writes in one transaction of the target: the frontier, and the records up to the first that cannot be read. While one of them fails,
 * nothing is committed: the failures are dead-lettered or retried, and the next pass is a new transaction.
 */
const writeTransaction = async (sink: TransactionalSink, batch: SinkBatch): Promise<void> => {
  const frontier = batch.frontier as FrontierHolder;
  const blocked = batch.records.findIndex((item) => item.error && !item.outcome);
  const count = blocked < 0 ? batch.records.length : blocked;
  if (count === 0) return;
  const to = frontierBehind(batch, count);
  const items = batch.records.slice(0, count).filter((item) => item.outcome === undefined);
  const move: FrontierMove = { topic: batch.topic, token: frontier.token, from: frontier.current, to };
  const records = items.map(({ record }) => record);
  const results = await sink.transact(records, move, batch.signal);
  if (results) return noteFailures(batch, items, results);
  for (const item of items) item.outcome = 'written';
  frontier.note(to);
};

const writable = (batch: SinkBatch): SinkItem[] => pending(batch).filter((item) => !item.error);

const applyResults = (batch: SinkBatch, items: readonly SinkItem[], results: readonly RecordResult[]): void => {
  for (const [index, item] of items.entries()) {
    if (results[index]?.ok) item.outcome = 'written';
  }
  noteFailures(batch, items, results);
};

const noteFailures = (
  batch: SinkBatch,
  items: readonly SinkItem[],
  results: readonly (RecordResult | undefined)[],
): void => {
  for (const [index, item] of items.entries()) {
    const result = results[index];
    if (!result || result.ok) continue;
    item.error = toPulsarIoError(result.error, 'PIO_SINK_UNAVAILABLE', `writing a record of ${batch.topic}`);
    item.lastError = item.error;
    item.attempts += 1;
    batch.counters.connectorException(item.error);
  }
};
