import { connectorPath, subscriptionOf } from '../core/connector.ts';
import type { TransactionalSink } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import { type Frontier, frontierAtMarkDelete, WHOLE_ENTRY } from '../core/frontier.ts';
import { compareMessageIds, formatMessageId, type MessageIdParts } from '../core/message-id.ts';
import type { MessagingConsumer } from '../core/messaging.ts';
import { NO_LETTER } from '../core/sink-book.ts';
import type { Token } from '../core/token.ts';
import { type FrontierHolder, storedFrontier, targetFrontier } from '../delivery/frontier-holder.ts';
import type { OpenBook } from '../delivery/open-book.ts';
import { passedVersion } from './passed-version.ts';
import type { SinkRun } from './sink-attempt.ts';

/** What a topic-partition is fenced with. */
export interface Fencing {
  readonly token: Token;
  readonly book: OpenBook | undefined;
  readonly isNewSubscription: boolean;
}

/** Fence on open: the frontier is taken from the fence's own answer, before any record is handed on (GUARANTEES rules 15, 25 and 26). */
export const fenceTopic = async (
  run: SinkRun,
  topic: string,
  consumer: MessagingConsumer,
  { token, book, isNewSubscription }: Fencing,
): Promise<FrontierHolder | undefined> => {
  const { connector, deps, control, sink, guarantee, isFrontierInTarget } = run;
  if (!guarantee.keepsFrontier) return undefined;
  const { last, markDelete } = await consumer.lastMessageId(control.signal);
  const initial = frontierAtMarkDelete(markDelete);
  const frontier = isFrontierInTarget
    ? await targetFrontier(sink as TransactionalSink, topic, token, initial, control.signal)
    : await storedFrontier(deps.checkpoints, connector.uid, topic, token, initial, control.signal);
  if (book?.content.takesCursor) return takeCursor(run, topic, frontier, initial, book);
  requireOwnTopic(topic, frontier, last, markDelete);
  warnOfMovedCursor(run, topic, markDelete, isNewSubscription);
  if (isNewSubscription) await requireNoFrontier(topic, frontier, initial, consumer);
  await acknowledgeThrough(frontier.current, consumer);
  return frontier;
};

/**
 * An operator set the position: the cursor's place is the frontier, and nothing behind it is a dead letter yet. Versions go on rising also where it lies back: the same records would not get their
 * old ones (the chain before them is cut off), and what follows them could get lower ones than it overwrites.
 */
const takeCursor = async (
  run: SinkRun,
  topic: string,
  frontier: FrontierHolder,
  initial: Frontier,
  book: OpenBook,
): Promise<FrontierHolder> => {
  const { control, counters } = run;
  const difference = compareMessageIds(initial, frontier.current);
  const version =
    difference > 0 ? await passedVersion(run, topic, frontier.current, initial) : frontier.current.version;
  if (difference !== 0) await frontier.move({ ...initial, version }, control.signal);
  const { letterSeries = 0 } = book.content;
  await book.change({ takesCursor: false, lettered: NO_LETTER, letterSeries: letterSeries + 1 });
  counters.topics.forget(topic);
  return frontier;
};

/** GUARANTEES rule 27: what is delivered again because of it is filtered by our frontier, which nobody would understand. */
const warnOfMovedCursor = (
  { counters, deps, connector }: SinkRun,
  topic: string,
  markDelete: MessageIdParts | undefined,
  isNewSubscription: boolean,
): void => {
  const missed = isNewSubscription ? undefined : counters.topics.missedBy(topic, markDelete);
  if (missed === undefined || !markDelete) return;
  const at = formatMessageId({ ...markDelete, batchIndex: -1 });
  const warning = `the cursor of ${subscriptionOf(connector.config)} on ${topic} was at ${at}, although everything up to ${missed} was acknowledged: somebody moved it back. Nothing is written again because of that; to write from there again, stop this sink and PUT its positions`;
  counters.warn(warning);
  deps.log.warn(warning, { connector: connectorPath(connector.config) });
};

/** What a killed broker forgot of our acknowledgements is told again: else it would count as backlog until the next message. */
const acknowledgeThrough = async (
  { ledgerId, entryId, batchIndex }: Frontier,
  consumer: MessagingConsumer,
): Promise<void> => {
  if (entryId < 0) return;
  const isWhole = batchIndex === WHOLE_ENTRY;
  await consumer.ackCumulative({ ledgerId, entryId: isWhole ? entryId : entryId - 1, batchIndex: -1 });
};

/** A frontier beyond the topic's end belongs to another topic of this name: filtering by it would lose what is there now. */
const requireOwnTopic = (
  topic: string,
  { current }: FrontierHolder,
  last: MessageIdParts,
  markDelete: MessageIdParts | undefined,
): void => {
  const end = markDelete && compareMessageIds(markDelete, last) > 0 ? markDelete : last;
  if (current.ledgerId <= end.ledgerId || current.ledgerId < 0) return;
  throw new PulsarIoError(
    'PIO_FRONTIER_STALE',
    `the frontier of ${topic} is ${formatMessageId({ ...current, batchIndex: -1 })}, but the topic ends at ${formatMessageId(end)}: it was deleted and created again, or belongs to another cluster. ${RESET_ADVICE}`,
  );
};

const RESET_ADVICE = 'Stop this sink and POST to its positions to go on from its subscription, or PUT them';

/**
 * A frontier without its subscription: somebody deleted that, and with it the memory of what was not delivered yet. The one that this run made is
 * deleted again, or the next run would find nothing wrong.
 */
const requireNoFrontier = async (
  topic: string,
  { current }: FrontierHolder,
  initial: Frontier,
  consumer: MessagingConsumer,
): Promise<void> => {
  if (compareMessageIds(current, initial) === 0) return;
  await consumer.unsubscribe();
  throw new PulsarIoError(
    'PIO_FRONTIER_STALE',
    `the subscription on ${topic} was deleted outside after records up to ${formatMessageId({ ...current, batchIndex: -1 })} were written; messages since then may have been passed over. ${RESET_ADVICE}`,
  );
};
