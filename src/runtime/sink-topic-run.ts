import { connectorPath, type SinkConnector, subscriptionOf } from '../core/connector.ts';
import type { ExactlyRoute, OpenSink, SinkType, TransactionalSink } from '../core/connector-type.ts';
import { deadLetterTopicOf, parksKeys } from '../core/dead-letter-rules.ts';
import { PulsarIoError } from '../core/errors.ts';
import { type Frontier, frontierAtMarkDelete, WHOLE_ENTRY } from '../core/frontier.ts';
import { compareMessageIds, formatMessageId, type MessageIdParts } from '../core/message-id.ts';
import type { MessagingConsumer, MessagingSession } from '../core/messaging.ts';
import { sinkLettersName } from '../core/names.ts';
import { SUBSCRIPTION_UID_PROPERTY } from '../core/pulsar-admin.ts';
import type { SinkRecord } from '../core/record.ts';
import type { RunCounters } from '../core/run-counters.ts';
import { NO_LETTER } from '../core/sink-book.ts';
import type { Token } from '../core/token.ts';
import { DeadLetters } from '../delivery/dead-letters.ts';
import { type FrontierHolder, storedFrontier, targetFrontier } from '../delivery/frontier-holder.ts';
import { inputLetters, type LetterBook } from '../delivery/letter-book.ts';
import { OpenBook } from '../delivery/open-book.ts';
import type { Pipeline, SinkGuarantee } from '../delivery/pipeline.ts';
import { routeFailure } from '../delivery/pulsar-failure.ts';
import type { SinkBatch } from '../delivery/sink-batch.ts';
import type { Activity } from './activity.ts';
import { Redelivery } from './redelivery.ts';
import type { RunContext } from './run-deps.ts';
import { settle } from './settle.ts';
import { RecordReader } from './sink-records.ts';
import type { SubscriptionPlan } from './sink-topics.ts';

/** One attempt of a sink's run, shared by its topics. */
export interface SinkRun extends RunContext {
  readonly connector: SinkConnector;
  readonly session: MessagingSession;
  readonly maxBatchRecords: number;
  readonly batchLimits: ReturnType<NonNullable<SinkType['batchLimits']>>;
  readonly sink: OpenSink | TransactionalSink;
  readonly pipeline: Pipeline<SinkBatch>;
  /** Makes one for dead letters that are sent back, when there are any: with PULSAR_CLIENT=native its guarantee cannot be kept, and is not asked for otherwise. */
  readonly redrivePipeline: () => Pipeline<SinkBatch>;
  readonly route: ExactlyRoute | undefined;
  readonly plan: SubscriptionPlan;
  readonly guarantee: SinkGuarantee;
  /** True: a transactional target stores the frontier. */
  readonly isFrontierInTarget: boolean;
  readonly activity: Activity;
}

/** Longest wait for a message before the run's state is looked at again, in milliseconds. */
const RECEIVE_WAIT_MS = 250;

/** Writes one topic-partition to the target until the run is idle or asked to end. */
export const runSinkTopic = async (run: SinkRun, topic: string): Promise<void> => {
  const { control, activity, counters, deps } = run;
  const isNew = run.guarantee.keepsFrontier && !(await hasSubscription(run, topic));
  const consumer = await subscribe(run, topic);
  const token = run.nextToken();
  const book = await openBook(run, topic, token);
  requireNoneSentBack(topic, book);
  const frontier = await fence(run, topic, consumer, { token, book, isNewSubscription: isNew });
  const reader = new RecordReader(topic, frontier?.current);
  const { negativeAckRedeliveryDelayMs } = run.connector.config;
  const redelivery = new Redelivery(consumer, deps, negativeAckRedeliveryDelayMs);
  const deadLetters = openDeadLetters(run, topic, book);
  const letters = { deadLetters, book: letterBook(run, book, frontier) };
  activity.touch();
  while (!control.isStopping && !activity.isHalted && activity.idleMs < deps.settings.idleMs) {
    const messages = await receive(run, topic, consumer);
    redelivery.flushDue();
    if (messages.length === 0) continue;
    activity.touch();
    const records = reader.toRecords(messages);
    counters.received(records.length);
    if (records.length === 0) continue;
    const batch = batchOf(run, topic, consumer, frontier, letters, records);
    const begunMs = deps.clock.monotonicMs();
    await settle(batch, run.pipeline, run);
    redelivery.take(batch);
    noteProgress(run, batch, book);
    await run.pace.spent(records.length, deps.clock.monotonicMs() - begunMs, control.stopSignal);
    activity.touch();
  }
  redelivery.flushAll();
  await consumer.close();
};

/** Where each record waits for itself there is no position: the broker alone knows the holes. */
const noteProgress = ({ counters }: SinkRun, batch: SinkBatch, book: OpenBook | undefined): void => {
  if (batch.order !== 'topic') return;
  const last = batch.records.at(-1)?.record;
  const parkedKeys = Object.keys(book?.content.parked ?? {}).length;
  if (last) counters.topics.reached(batch.topic, last.messageId, last.publishTimeMs, counters.nowMs, parkedKeys);
};

/** Whether the subscription exists before this run subscribes, and thereby creates it. Without an admin address it is taken to exist. */
const hasSubscription = async ({ deps, connector, control }: SinkRun, topic: string): Promise<boolean> => {
  if (!deps.pulsar) return true;
  const stats = await deps.pulsar.topicStats(topic, control.signal);
  return stats?.subscriptions[subscriptionOf(connector.config)] !== undefined;
};

const subscribe = async (
  { connector, session, control, plan, maxBatchRecords }: SinkRun,
  topic: string,
): Promise<MessagingConsumer> => {
  const { config, uid } = connector;
  const subscription = subscriptionOf(config);
  try {
    return await session.consumer({
      topic,
      subscription,
      subscriptionType: plan.subscriptionType,
      initialPosition: config.sourceSubscriptionPosition,
      subscriptionProperties: { [SUBSCRIPTION_UID_PROPERTY]: uid },
      // 0 means "one at a time" to Pulsar; a session would never ask for any.
      // A batch cannot be larger than what the broker sends ahead.
      receiverQueueSize: Math.max(
        1,
        Object.values(config.inputSpecs)[0]?.receiverQueueSize ?? Math.max(1_000, maxBatchRecords),
      ),
      signal: control.signal,
    });
  } catch (cause) {
    throw routeFailure(cause, `subscribing to ${topic} as ${subscription}`);
  }
};

/** A run that began before dead letters were asked back, and got the lease behind one that began with them, must not read what follows those. */
const requireNoneSentBack = (topic: string, book: OpenBook | undefined): void => {
  const { redriving, redriven = 0 } = book?.content ?? {};
  if (redriving && redriving.number > redriven)
    throw new PulsarIoError('PIO_FENCED', `dead letters of ${topic} are being sent back by newer runs`);
};

interface Fencing {
  readonly token: Token;
  readonly book: OpenBook | undefined;
  readonly isNewSubscription: boolean;
}

/** The topic's book, where somebody may have written into it, or this run may: it costs a write. */
const openBook = async (run: SinkRun, topic: string, token: Token): Promise<OpenBook | undefined> => {
  const { connector, deps, control, guarantee } = run;
  const hasLetters = deadLetterTopicOf(connector.config, topic) !== undefined;
  const isNeeded = hasLetters && (guarantee.namesDeadLetters || parksKeys(connector.config));
  // Several instances of a subscription without our frontier would fence each other's redrive off it.
  if (!isNeeded && !(connector.keepsBooks && guarantee.keepsFrontier)) return undefined;
  return OpenBook.open(deps.checkpoints, connector.uid, topic, token, control.signal);
};

/** Also under ATMOST_ONCE, where a run of an earlier configuration left one: its letters are not written. */
const letterBook = (
  { connector, guarantee }: SinkRun,
  book: OpenBook | undefined,
  frontier: FrontierHolder | undefined,
): LetterBook | undefined => {
  const parks = parksKeys(connector.config);
  if (!book || !(guarantee.keepsFrontier || parks)) return undefined;
  return inputLetters({ book, parksKeys: parks, hasFrontier: frontier !== undefined });
};

/** Fence on open: the frontier is taken from the fence's own answer, before any record is handed on (GUARANTEES rules 15, 25 and 26). */
const fence = async (
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

/** An operator set the position: the cursor's place is the frontier, versions go on rising where that lies ahead, and nothing behind it is a dead letter yet. */
const takeCursor = async (
  { control, counters }: SinkRun,
  topic: string,
  frontier: FrontierHolder,
  initial: Frontier,
  book: OpenBook,
): Promise<FrontierHolder> => {
  const difference = compareMessageIds(initial, frontier.current);
  const version = difference >= 0 ? frontier.current.version : 0;
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

const receive = async (
  { control, maxBatchRecords, batchLimits, deps, activity, pace }: SinkRun,
  topic: string,
  consumer: MessagingConsumer,
) => {
  const { idleMs } = deps.settings;
  try {
    return await consumer.receiveBatch({
      maxMessages: pace.batchRecords(maxBatchRecords),
      ...batchLimits,
      waitMs: Math.max(1, Math.min(RECEIVE_WAIT_MS, idleMs - activity.idleMs)),
      signal: control.signal,
    });
  } catch (cause) {
    throw routeFailure(cause, `reading ${topic}`);
  }
};

const batchOf = (
  { connector, counters, control, plan, route }: SinkRun,
  topic: string,
  consumer: MessagingConsumer,
  frontier: FrontierHolder | undefined,
  letters: Pick<SinkBatch, 'deadLetters' | 'book'>,
  records: ReturnType<RecordReader['toRecords']>,
): SinkBatch => ({
  topic,
  records: records.map((record) => ({ record, attempts: attemptsOf(counters, record) })),
  order: plan.order,
  writesInTurn: route === 'idempotent' && plan.order === 'topic',
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

const openDeadLetters = (
  { connector, session, control, guarantee }: SinkRun,
  topic: string,
  book: OpenBook | undefined,
): DeadLetters | undefined => {
  const { config, uid } = connector;
  const deadLetterTopic = deadLetterTopicOf(config, topic);
  if (!deadLetterTopic) return undefined;
  const name = { producerName: sinkLettersName(uid, topic, book?.content.letterSeries) };
  return new DeadLetters({
    session,
    topic: deadLetterTopic,
    uid,
    signal: control.signal,
    ...(guarantee.namesDeadLetters && name),
  });
};
