import type { SinkRecord } from '../core/record.ts';
import type { RunCounters } from '../core/run-counters.ts';
import { routeFailure } from '../delivery/pulsar-failure.ts';
import type { SinkBatch } from '../delivery/sink-batch.ts';
import type { OpenTopic } from './open-sink-topic.ts';
import type { SinkRun } from './sink-attempt.ts';

/** Longest wait for a message before the run's state is looked at again, in milliseconds. */
const RECEIVE_WAIT_MS = 250;

/** The next messages of a topic-partition as records, but for those that are settled; undefined when none came in time. */
export const receiveRecords = async (
  run: SinkRun,
  { topic, consumer, reader }: OpenTopic,
): Promise<SinkRecord[] | undefined> => {
  const { control, maxBatchRecords, batchLimits, deps, activity, pace } = run;
  const { idleMs } = deps.settings;
  try {
    const messages = await consumer.receiveBatch({
      maxMessages: pace.batchRecords(maxBatchRecords),
      ...batchLimits,
      waitMs: Math.max(1, Math.min(RECEIVE_WAIT_MS, idleMs - activity.idleMs)),
      signal: control.signal,
    });
    return messages.length > 0 ? reader.toRecords(messages) : undefined;
  } catch (cause) {
    throw routeFailure(cause, `reading ${topic}`);
  }
};

/** A batch of these records of a topic-partition. */
export const batchOf = (
  { connector, counters, control, plan, route }: SinkRun,
  { topic, consumer, frontier, letters }: OpenTopic,
  records: readonly SinkRecord[],
): SinkBatch => ({
  topic,
  records: records.map((record) => ({ record, attempts: attemptsOf(counters, record) })),
  order: plan.order,
  route,
  consumer,
  frontier,
  ...letters,
  maxRetries: connector.config.maxMessageRetries,
  counters,
  signal: control.signal,
});

/** What the broker counted, where it does, or what this instance remembers: a broker forgets its count when nobody is connected. */
const attemptsOf = ({ failing }: RunCounters, { topic, messageId, redeliveryCount }: SinkRecord): number =>
  Math.max(redeliveryCount, failing.attemptsOf(topic, messageId));
