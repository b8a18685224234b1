import { PulsarIoError } from '../core/errors.ts';
import type { OpenBook } from '../delivery/open-book.ts';
import type { SinkBatch } from '../delivery/sink-batch.ts';
import { Breaker } from './breaker.ts';
import { openSinkTopic } from './open-sink-topic.ts';
import { Redelivery } from './redelivery.ts';
import { settle } from './settle.ts';
import type { SinkRun } from './sink-attempt.ts';
import { batchOf, receiveRecords } from './sink-batches.ts';

/** Writes one topic-partition to the target until the run is idle or asked to end. */
export const runSinkTopic = async (run: SinkRun, topic: string): Promise<void> => {
  const { control, activity, counters, deps } = run;
  const open = await openSinkTopic(run, topic);
  requireNoneSentBack(topic, open.book);
  const breaker = new Breaker(run);
  const redelivery = new Redelivery(open.consumer, deps, run.connector.config.negativeAckRedeliveryDelayMs);
  activity.touch();
  while (!control.isStopping && !activity.isHalted && activity.idleMs < deps.settings.idleMs) {
    const records = await receiveRecords(run, open);
    redelivery.flushDue();
    if (!records) continue;
    activity.touch();
    counters.received(records.length);
    if (records.length === 0) continue;
    const batch = batchOf(run, open, records);
    const begunMs = deps.clock.monotonicMs();
    await settle(batch, run.pipeline, run);
    redelivery.take(batch);
    noteProgress(run, batch, open.book);
    await run.pace.spent(records.length, deps.clock.monotonicMs() - begunMs, control.stopSignal);
    await breaker.passed(batch);
    activity.touch();
  }
  redelivery.flushAll();
  await open.consumer.close();
};

/** A run that began before dead letters were asked back, and got the lease behind one that began with them, must not read what follows those. */
const requireNoneSentBack = (topic: string, book: OpenBook | undefined): void => {
  const { redriving, redriven = 0 } = book?.content ?? {};
  if (redriving && redriving.number > redriven)
    throw new PulsarIoError('PIO_FENCED', `dead letters of ${topic} are being sent back by newer runs`);
};

/** Where each record waits for itself there is no position: the broker alone knows the holes. */
const noteProgress = ({ counters }: SinkRun, batch: SinkBatch, book: OpenBook | undefined): void => {
  if (batch.order !== 'topic') return;
  const last = batch.records.at(-1)?.record;
  const parkedKeys = Object.keys(book?.content.parked ?? {}).length;
  if (last) counters.topics.reached(batch.topic, last.messageId, last.publishTimeMs, counters.nowMs, parkedKeys);
};
