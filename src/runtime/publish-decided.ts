import { frontierAtMarkDelete, isSettled } from '../core/frontier.ts';
import { compareMessageIds } from '../core/message-id.ts';
import { openSinkTopic } from './open-sink-topic.ts';
import { settle } from './settle.ts';
import type { SinkRun } from './sink-attempt.ts';
import { batchOf, receiveRecords } from './sink-batches.ts';

/**
 * Publishes what an earlier run found to be dead letters of a topic-partition and may not have published, and writes nothing. Before a redrive: that run may only be frozen, and
 * would publish them between what the redrive appends. Now the broker takes them for known.
 */
export const publishDecided = async (run: SinkRun, topic: string): Promise<void> => {
  const { guarantee, control, activity, counters, pipeline } = run;
  if (!guarantee.keepsFrontier) return;
  const open = await openSinkTopic(run, topic);
  const { consumer, frontier, book } = open;
  const { lettered } = book?.content ?? {};
  // What somebody skipped does not come.
  const skipped = frontierAtMarkDelete((await consumer.lastMessageId(control.signal)).markDelete);
  while (lettered && frontier && !isSettled(lettered, frontier.current) && !isSettled(lettered, skipped)) {
    if (control.isStopping) break;
    activity.touch();
    const records = (await receiveRecords(run, open)) ?? [];
    const decided = records.filter(({ messageId }) => compareMessageIds(messageId, lettered) <= 0);
    counters.received(decided.length);
    if (decided.length > 0) await settle(batchOf(run, open, decided), pipeline, run);
    if (decided.length < records.length) break;
  }
  await open.letters.deadLetters?.close();
  await consumer.close();
};
