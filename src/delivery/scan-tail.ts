import type { Clock } from '../core/clock.ts';
import { PulsarIoError } from '../core/errors.ts';
import { compareMessageIds, formatMessageId, type MessageIdParts } from '../core/message-id.ts';
import type { MessagingConsumer, MessagingSession } from '../core/messaging.ts';
import type { PublishedTail } from '../core/progress.ts';

/** What a scan needs of the run. */
export interface ScanOptions {
  readonly session: MessagingSession;
  readonly signal: AbortSignal;
  readonly tailStableMs: number;
  readonly clock: Clock;
  readonly random: () => number;
}

const PAGE = { maxMessages: 1000, lingerMs: 0 };
const PAGE_WAIT_MS = 500;
/** The end of the topic is known, but no message comes for so long: the broker is in trouble. */
const SILENCE_MS = 30_000;

/**
 * Finds the highest sequence of `producerName` in a topic whose broker forgot it (GUARANTEES rule 7), by reading from the stored `tail`
 * to the end as it is when no entry of ours has come for `tailStableMs` (others may go on). That nothing is missing is proven by our guard subscription, which
 * still stands at or before that place, or by the entry at that place. Without either it throws `PIO_PROGRESS_UNCERTAIN`. -1: nothing was published.
 */
export const scanTail = async (
  topic: string,
  producerName: string,
  guard: MessagingConsumer,
  tail: PublishedTail,
  { session, signal, tailStableMs, clock, random }: ScanOptions,
): Promise<number> => {
  const start = tail.messageId ?? EARLIEST;
  const { markDelete } = await guard.lastMessageId(signal);
  const isGuarded = markDelete !== undefined && compareMessageIds(entryStart(markDelete), entryStart(start)) <= 0;
  const reader = await session.consumer({
    topic,
    subscription: `pulsar-io-scan.${random().toString(36).slice(2)}`,
    subscriptionType: 'Exclusive',
    initialPosition: 'Earliest',
    receiverQueueSize: 1000,
    durable: false,
    startMessageId: entryStart(start),
    startInclusive: true,
    signal,
  });
  try {
    return await scan(reader, { topic, producerName, start, isGuarded, signal, tailStableMs, clock });
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
  readonly isGuarded: boolean;
  readonly signal: AbortSignal;
  readonly tailStableMs: number;
  readonly clock: Clock;
}

const scan = async (reader: MessagingConsumer, range: Scan): Promise<number> => {
  const { signal, tailStableMs, clock } = range;
  let highest = -1;
  let first: MessageIdParts | undefined;
  let position: MessageIdParts | undefined;
  let end: MessageIdParts | undefined;
  let oursSinceMs = clock.monotonicMs();
  let readSinceMs = oursSinceMs;
  for (;;) {
    const stableInMs = tailStableMs - (clock.monotonicMs() - oursSinceMs);
    if (!end && stableInMs <= 0) {
      end = (await reader.lastMessageId(signal)).last;
      readSinceMs = clock.monotonicMs();
    }
    if (end && isRead(end, position, range)) break;
    const waitMs = end ? PAGE_WAIT_MS : Math.min(PAGE_WAIT_MS, Math.max(1, stableInMs));
    const page = await reader.receiveBatch({ ...PAGE, waitMs, signal });
    if (page.length === 0) {
      if (end && clock.monotonicMs() - readSinceMs > SILENCE_MS) throw silent(range, end);
      continue;
    }
    first ??= page[0]?.messageId;
    position = page.at(-1)?.messageId;
    readSinceMs = clock.monotonicMs();
    for (const { producerName, sequenceId, entryHighestSequenceId } of page) {
      if (producerName !== range.producerName) continue;
      highest = Math.max(highest, sequenceId, entryHighestSequenceId);
      oursSinceMs = readSinceMs;
    }
  }
  if (!range.isGuarded) requireStart(first, range);
  return highest;
};

/** True when everything up to `end` was read, or nothing is left to read. */
const isRead = (end: MessageIdParts, position: MessageIdParts | undefined, { start, isGuarded }: Scan): boolean => {
  if (end.entryId < 0) return true;
  if (position) return compareMessageIds(entryStart(position), entryStart(end)) >= 0;
  return compareMessageIds(entryStart(end), entryStart(start)) < (isGuarded ? 1 : 0);
};

const silent = ({ topic }: Scan, end: MessageIdParts): PulsarIoError =>
  new PulsarIoError('PIO_PULSAR_UNAVAILABLE', `reading ${topic} up to ${formatMessageId(end)}: nothing comes any more`);

const requireStart = (first: MessageIdParts | undefined, { topic, producerName, start }: Scan): void => {
  const isFirst = first?.ledgerId === start.ledgerId && first.entryId === Math.max(0, start.entryId);
  if (isFirst) return;
  throw new PulsarIoError(
    'PIO_PROGRESS_UNCERTAIN',
    `${topic} no longer holds ${formatMessageId(start)} and the broker forgot producer ${producerName}: it cannot be told whether records after it were published. Stop this source and choose: PUT the positions that GET shows to go on from there, which may publish records again; or POST to its positions to publish everything once more`,
  );
};
