import type { SourceConfig } from '../core/connector.ts';
import type { MessagingSession } from '../core/messaging.ts';
import type { OutputShape } from './output-shape.ts';
import { concreteTopics, type OpenedTopic, type Output, OutputTopics } from './output-topic.ts';
import { routeFailure } from './pulsar-failure.ts';

/** Number of partitions of a topic, 0 when it is not partitioned. Throws `PIO_PULSAR_…` and `PIO_TOPIC_NOT_FOUND`. */
export const partitionsOf = async (session: MessagingSession, topic: string, signal: AbortSignal): Promise<number> => {
  try {
    return await session.partitions(topic, signal);
  } catch (cause) {
    throw routeFailure(cause, `looking up ${topic}`);
  }
};

/** Opens producers with names of the broker's making: for the guarantees that rest on no deduplication. `known`: the partitions of the output topic, where they were looked up. */
export const openOutputs = async (
  session: MessagingSession,
  { topicName, producerConfig }: SourceConfig,
  signal: AbortSignal,
  shape: OutputShape,
  known?: number,
): Promise<OutputTopics> => {
  const compression = producerConfig.compressionType ?? 'LZ4';
  const openOne = async (topic: string): Promise<Output> => {
    const producer = await session.producer({ topic, compression, schemaDefinition: shape.schema, signal });
    return { topic, producer, lastSequence: -1, isUsed: true, trusted: true, messageId: null };
  };
  const open = async (topic: string, counted?: number): Promise<OpenedTopic> => {
    const partitions = counted ?? (await partitionsOf(session, topic, signal));
    try {
      return { outputs: await Promise.all(concreteTopics(topic, partitions).map(openOne)), partitions };
    } catch (cause) {
      throw routeFailure(cause, `opening a producer on ${topic}`);
    }
  };
  return new OutputTopics(await open(topicName, known), { shape, open: (topic) => open(topic) });
};
