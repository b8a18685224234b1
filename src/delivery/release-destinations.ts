import type { MessagingSession } from '../core/messaging.ts';
import { guardSubscription } from '../core/names.ts';
import type { SourceProgress } from '../core/progress.ts';
import { concreteTopics } from './output-topic.ts';
import { routeFailure } from './pulsar-failure.ts';

/** Destinations of a checkpoint that this generation published nothing to. */
const unusedDestinations = ({ destinations = {}, tails }: SourceProgress): [topic: string, partitions: number][] =>
  Object.entries(destinations).filter(
    ([topic, partitions]) => !concreteTopics(topic, partitions).some((concrete) => tails[concrete]),
  );

/**
 * Deletes the guards of a source partition on destinations of earlier generations, which nothing is in doubt about any more: they would keep those topics' messages for ever.
 * Resolves with the destinations that stay, undefined when nothing was to be done. Safe to repeat.
 */
export const releaseDestinations = async (
  session: MessagingSession,
  uid: string,
  sourcePartition: string,
  progress: SourceProgress,
  signal: AbortSignal,
): Promise<SourceProgress['destinations']> => {
  const unused = unusedDestinations(progress);
  if (unused.length === 0) return undefined;
  for (const concrete of unused.flatMap(([topic, partitions]) => concreteTopics(topic, partitions))) {
    await releaseGuard(session, concrete, guardSubscription(uid, sourcePartition), signal);
  }
  const names = new Set(unused.map(([topic]) => topic));
  return Object.fromEntries(Object.entries(progress.destinations ?? {}).filter(([topic]) => !names.has(topic)));
};

const releaseGuard = async (
  session: MessagingSession,
  topic: string,
  subscription: string,
  signal: AbortSignal,
): Promise<void> => {
  try {
    const guard = await session.consumer({
      topic,
      subscription,
      subscriptionType: 'Failover',
      initialPosition: 'Latest',
      receiverQueueSize: 0,
      signal,
    });
    await guard.unsubscribe();
  } catch (cause) {
    const error = routeFailure(cause, `deleting the guard on ${topic}`);
    if (error.code !== 'PIO_TOPIC_NOT_FOUND') throw error;
  }
};
