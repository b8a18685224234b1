import { type Frontier, isSettled } from '../core/frontier.ts';
import type { MessagingConsumer } from '../core/messaging.ts';
import { routeFailure } from '../delivery/pulsar-failure.ts';
import type { SinkRun } from './sink-attempt.ts';
import { RecordReader } from './sink-records.ts';

/** Longest wait for a message that may have been deleted, in milliseconds. */
const WAIT_MS = 500;

/**
 * The highest version that was given up to a frontier which an operator set ahead. A run that died may have written one batch behind the stored frontier, with the versions that its records have along the
 * log; what comes now must be newer. Messages that are gone are passed by.
 */
export const passedVersion = async (run: SinkRun, topic: string, from: Frontier, to: Frontier): Promise<number> => {
  if (run.route !== 'versioned') return from.version;
  try {
    const reader = await openReader(run, topic, from);
    const version = await versionOfBatch(run, reader, topic, from, to);
    await reader.close();
    return version;
  } catch (cause) {
    throw routeFailure(cause, `reading ${topic}`);
  }
};

const openReader = (
  { connector, deps, session, control, maxBatchRecords }: SinkRun,
  topic: string,
  { ledgerId, entryId }: Frontier,
): Promise<MessagingConsumer> =>
  session.consumer({
    topic,
    subscription: `pulsar-io-passed.${connector.uid}.${deps.newRunId()}`,
    subscriptionType: 'Exclusive',
    initialPosition: 'Earliest',
    receiverQueueSize: maxBatchRecords,
    durable: false,
    startMessageId: { ledgerId, entryId, batchIndex: -1 },
    startInclusive: entryId >= 0,
    signal: control.signal,
  });

const versionOfBatch = async (
  { control, maxBatchRecords }: SinkRun,
  reader: MessagingConsumer,
  topic: string,
  from: Frontier,
  to: Frontier,
): Promise<number> => {
  const options = { maxMessages: maxBatchRecords, lingerMs: 0, waitMs: WAIT_MS, signal: control.signal };
  const records = new RecordReader(topic, from);
  let { version } = from;
  for (let read = 0; read < maxBatchRecords; ) {
    const messages = await reader.receiveBatch(options);
    const passed = records.toRecords(messages).filter(({ messageId }) => isSettled(messageId, to));
    version = passed.at(-1)?.version ?? version;
    read += passed.length;
    const last = messages.at(-1);
    if (!last || isSettled(to, { ...last.messageId, version })) break;
  }
  return version;
};
