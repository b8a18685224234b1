import { connectorPath, subscriptionOf } from '../core/connector.ts';
import { deadLetterTopicOf, parksKeys } from '../core/dead-letter-rules.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { MessagingConsumer } from '../core/messaging.ts';
import { sinkLettersName } from '../core/names.ts';
import { SUBSCRIPTION_UID_PROPERTY } from '../core/pulsar-admin.ts';
import type { Token } from '../core/token.ts';
import { DeadLetters } from '../delivery/dead-letters.ts';
import type { FrontierHolder } from '../delivery/frontier-holder.ts';
import { inputLetters, type LetterBook } from '../delivery/letter-book.ts';
import { OpenBook } from '../delivery/open-book.ts';
import { routeFailure } from '../delivery/pulsar-failure.ts';
import type { SinkBatch } from '../delivery/sink-batch.ts';
import { fenceTopic } from './fence-topic.ts';
import type { SinkRun } from './sink-attempt.ts';
import { RecordReader } from './sink-records.ts';

/** A topic-partition as a run holds it after its fence. */
export interface OpenTopic {
  readonly topic: string;
  readonly consumer: MessagingConsumer;
  readonly book: OpenBook | undefined;
  /** Absent where the broker's acknowledgements are the progress. */
  readonly frontier: FrontierHolder | undefined;
  readonly reader: RecordReader;
  readonly letters: Pick<SinkBatch, 'deadLetters' | 'book'>;
}

/** Subscribes to one topic-partition, fences its book and its frontier, and says where it stands. Throws `PIO_FENCED` when a newer run was here. */
export const openSinkTopic = async (run: SinkRun, topic: string): Promise<OpenTopic> => {
  const isNew = run.guarantee.keepsFrontier && !(await hasSubscription(run, topic));
  const consumer = await subscribe(run, topic);
  if (run.isFrontierInTarget) await requireSameGeneration(run, topic);
  const token = run.nextToken();
  const book = await openBook(run, topic, token);
  const frontier = await fenceTopic(run, topic, consumer, { token, book, isNewSubscription: isNew });
  const reader = new RecordReader(topic, frontier?.current);
  const letters = { deadLetters: openDeadLetters(run, topic, book), book: letterBook(run, book, frontier) };
  return { topic, consumer, book, frontier, reader, letters };
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

/**
 * An operator's call raises the generation, then moves the cursor, which cuts off who subscribed before. Who subscribes later finds the new generation here, and must not acknowledge up to a frontier that is no longer meant;
 * a run does so that waited for its lease. Only a frontier in the target needs it: that one the call cannot fence.
 */
const requireSameGeneration = async ({ deps, connector, control }: SinkRun, topic: string): Promise<void> => {
  const now = (await deps.registry.get(connector.config, control.signal))?.connector;
  if (now?.uid !== connector.uid || now.generation === connector.generation) return;
  throw new PulsarIoError(
    'PIO_FENCED',
    `${topic} belongs to generation ${now.generation} of ${connectorPath(connector.config)}, this run to ${connector.generation}`,
  );
};

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
