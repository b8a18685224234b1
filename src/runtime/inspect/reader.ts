import { randomUUID } from 'node:crypto';
import type { MessageIdParts } from '../../core/message-id.ts';
import type { MessagingConsumer, MessagingSession } from '../../core/messaging.ts';

/** Before the first message of a topic. */
export const EARLIEST: MessageIdParts = { ledgerId: -1, entryId: -1, batchIndex: -1 };

/** A reader that begins with `start`; nothing is acknowledged, and no subscription stays. */
export const readerFrom = (
  session: MessagingSession,
  topic: string,
  start: MessageIdParts,
  records: number,
  signal: AbortSignal,
): Promise<MessagingConsumer> =>
  session.consumer({
    topic,
    subscription: `pulsar-io-inspection.${randomUUID()}`,
    subscriptionType: 'Exclusive',
    initialPosition: 'Earliest',
    receiverQueueSize: records,
    durable: false,
    startMessageId: start,
    startInclusive: true,
    signal,
  });

/** A reader that is never given anything: it shows that the topic may be read. */
export const latestReader = (
  session: MessagingSession,
  topic: string,
  signal: AbortSignal,
): Promise<MessagingConsumer> => readerFrom(session, topic, EARLIEST, 0, signal);
