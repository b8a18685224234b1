import { PulsarIoError } from '../core/errors.ts';
import { compareMessageIds, formatMessageId, type MessageIdParts } from '../core/message-id.ts';
import type { MessagingConsumer, MessagingSession } from '../core/messaging.ts';
import type { PublishedTail } from '../core/progress.ts';

/** What a scan needs of the run. */
export interface ScanOptions {
  readonly session: MessagingSession;
  readonly signal: AbortSignal;
  readonly tailStableMs: number;
}

const PAGE = { maxMessages: 1000, lingerMs: 0, waitMs: 500 };

/**
 * Finds the highest sequence of `producerName` in a topic whose broker forgot it (GUARANTEES rule 7), by reading from the last
 * checkpointed entry, or from our guard subscription when nothing was checkpointed yet, to the end. Throws `PIO_PROGRESS_UNCERTAIN`
 * when the start of that stretch is gone: then nothing proves that the scan is complete. -1: nothing was published.
 */
export const scanTail = async (
  topic: string,
  producerName: string,
  guard: MessagingConsumer,
  tail: PublishedTail | null,
  { session, signal, tailStableMs }: ScanOptions,
): Promise<number> => {
  const start = tail?.messageId ?? (await guard.lastMessageId(signal)).markDelete ?? EARLIEST;
  const inclusive = tail?.messageId != null;
  const reader = await session.consumer({
    topic,
    subscription: `pulsar-io-scan.${process.pid}.${Math.random().toString(36).slice(2)}`,
    subscriptionType: 'Exclusive',
    initialPosition: 'Earliest',
    receiverQueueSize: 1000,
    durable: false,
    startMessageId: entryStart(start),
    startInclusive: true,
    signal,
  });
  try {
    return await scan(reader, { topic, producerName, start, inclusive, signal, tailStableMs });
  } finally {
    await reader.close().catch(() => undefined);
  }
};

const EARLIEST: MessageIdParts = { ledgerId: -1, entryId: -1, batchIndex: -1 };

const entryStart = ({ ledgerId, entryId }: MessageIdParts): MessageIdParts => ({ ledgerId, entryId, batchIndex: -1 });

interface Scan {
  readonly topic: string;
  readonly producerName: string;
  readonly start: MessageIdParts;
  readonly inclusive: boolean;
  readonly signal: AbortSignal;
  readonly tailStableMs: number;
}

const scan = async (reader: MessagingConsumer, range: Scan): Promise<number> => {
  let highest = -1;
  let first: MessageIdParts | undefined;
  let end = (await reader.lastMessageId(range.signal)).last;
  let stableSinceMs = performance.now();
  for (;;) {
    const page = await reader.receiveBatch({ ...PAGE, signal: range.signal });
    first ??= page[0]?.messageId;
    for (const message of page) {
      if (message.producerName !== range.producerName) continue;
      highest = Math.max(highest, message.sequenceId, message.entryHighestSequenceId);
    }
    const { last } = await reader.lastMessageId(range.signal);
    if (compareMessageIds(entryStart(last), entryStart(end)) !== 0) {
      end = last;
      stableSinceMs = performance.now();
    }
    if (page.length === 0 && performance.now() - stableSinceMs >= range.tailStableMs) break;
  }
  if (range.inclusive) requireStart(first, range);
  return highest;
};

const requireStart = (first: MessageIdParts | undefined, { topic, producerName, start }: Scan): void => {
  if (first && compareMessageIds(entryStart(first), entryStart(start)) === 0) return;
  throw new PulsarIoError(
    'PIO_PROGRESS_UNCERTAIN',
    `${topic} no longer holds ${formatMessageId(start)} and the broker forgot producer ${producerName}: it cannot be told whether records after it were published. Reset the position of this source to choose between repeating and skipping them`,
  );
};
