import type { FrontierMove, OpenSink, TransactionalSink } from '../core/connector-type.ts';
import { PulsarIoError, toPulsarIoError } from '../core/errors.ts';
import type { RecordResult, SinkRecord } from '../core/record.ts';
import type { FrontierHolder } from './frontier-holder.ts';
import { writeIsolating } from './isolate.ts';
import { frontierBehind, laneOf, pending, type SinkBatch, type SinkItem, targetRecord } from './sink-batch.ts';

/** The innermost step of the sink pipeline: hands the target what is not settled and can be read, with the frontier where the guarantee says so. */
export const write =
  (sink: OpenSink | TransactionalSink) =>
  (batch: SinkBatch): Promise<void> =>
    batch.commitsInTarget ? writeTransaction(sink as TransactionalSink, batch) : writeRecords(sink, batch);

const writeRecords = async (sink: OpenSink, batch: SinkBatch): Promise<void> => {
  const items = pending(batch);
  if (batch.writesInTurn) return writeInTurn(sink, batch, items);
  await writeItems(
    sink,
    batch,
    items.filter(({ error }) => !error),
  );
};

/** What follows a record that failed would overtake its next attempt. */
const writeInTurn = async (sink: OpenSink, batch: SinkBatch, items: readonly SinkItem[]): Promise<void> => {
  const failed = new Set<string | undefined>();
  for (const item of items) {
    const lane = laneOf(batch, item);
    if (failed.has(lane)) continue;
    if (!item.error) await writeItems(sink, batch, [item]);
    if (item.error) failed.add(lane);
  }
};

const writeItems = async (sink: OpenSink, batch: SinkBatch, items: readonly SinkItem[]): Promise<void> => {
  if (items.length === 0) return;
  const records = items.map(targetRecord);
  const write = (some: readonly SinkRecord[]) => sink.write(some, batch.signal);
  applyResults(batch, items, batch.writesOnce ? await write(records) : await writeIsolating(records, write));
};

/**
 * Writes in one transaction of the target: the frontier, and at most `limit` records, up to the first that has failed. When some of them fail, nothing
 * is committed, and what lies before the first that is to blame is written without it: in halves, while the target cannot say which one that is.
 */
const writeTransaction = async (
  sink: TransactionalSink,
  batch: SinkBatch,
  limit = batch.records.length,
): Promise<void> => {
  const frontier = batch.frontier as FrontierHolder;
  const failed = batch.records.findIndex((item) => item.error && !item.outcome);
  const count = failed < 0 ? limit : Math.min(failed, limit);
  if (count === 0) return;
  const to = frontierBehind(batch, count);
  const items = batch.records.slice(0, count).filter((item) => item.outcome === undefined);
  const move: FrontierMove = { topic: batch.topic, token: frontier.token, from: frontier.current, to };
  const records = items.map(targetRecord);
  const results = await sink.transact(records, move, batch.signal);
  if (results) {
    noteFailures(batch, items, items.length === 1 ? [results[0] ?? refused(batch)] : results);
    return writeTransaction(sink, batch, results.some(isFailure) ? count : halfOf(batch, items));
  }
  for (const item of items) item.outcome = 'written';
  frontier.note(to);
};

const isFailure = (result: RecordResult | undefined): boolean => result?.ok === false;

/** How many records of the batch end with the first half of these. */
const halfOf = (batch: SinkBatch, items: readonly SinkItem[]): number =>
  batch.records.indexOf(items[Math.ceil(items.length / 2) - 1] as SinkItem) + 1;

const refused = ({ topic }: SinkBatch): RecordResult => ({
  ok: false,
  error: new PulsarIoError('PIO_SINK_REJECTED', `the target refused to commit a record of ${topic}`),
});

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
