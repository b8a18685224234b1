import type { MessagingSession, ProducerOptions } from '../core/messaging.ts';
import { deadLetterSubscription, producerName, sourceLettersName } from '../core/names.ts';
import type { AbandonedNames, SourceProgress } from '../core/progress.ts';
import { concreteTopics } from './output-topic.ts';
import { routeFailure } from './pulsar-failure.ts';

/** Whose names are closed. */
export interface NameHolder {
  readonly session: MessagingSession;
  readonly uid: string;
  readonly sourcePartition: string;
  readonly signal: AbortSignal;
}

type Published = AbandonedNames & Pick<SourceProgress, 'destinations'> & { readonly outputTopic: string };

/**
 * Takes the producer names of a generation over and closes them, wherever it published or sent dead letters: whoever held one is cut off, and who registers one later looks at its fence before it publishes
 * (docs/decisions/0006). Topics that are gone are passed by. Throws `PIO_PULSAR_BUSY` while a holder still answers. Safe to repeat.
 */
export const closeNames = async (
  { session, uid, sourcePartition, signal }: NameHolder,
  { producerGeneration, outputTopic, routerPartitions, destinations = {}, deadLetterTopic }: Published,
): Promise<void> => {
  const name = producerName(uid, sourcePartition, producerGeneration);
  const topics = [[outputTopic, routerPartitions] as const, ...Object.entries(destinations)];
  const concrete = topics.flatMap(([topic, partitions]) => concreteTopics(topic, partitions));
  for (const topic of concrete) await closeName(session, { topic, producerName: name, signal });
  if (!deadLetterTopic) return;
  const lettersName = sourceLettersName(uid, sourcePartition, producerGeneration);
  const initialSubscriptionName = deadLetterSubscription(uid);
  await closeName(session, { topic: deadLetterTopic, producerName: lettersName, initialSubscriptionName, signal });
};

const closeName = async (session: MessagingSession, options: ProducerOptions): Promise<void> => {
  try {
    const producer = await session.producer(options);
    await producer.close();
  } catch (cause) {
    const error = routeFailure(cause, `closing producer ${options.producerName} on ${options.topic}`);
    if (error.code !== 'PIO_TOPIC_NOT_FOUND') throw error;
  }
};
