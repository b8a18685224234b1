import type { SourceConfig } from '../core/connector.ts';
import type { MessagingSession } from '../core/messaging.ts';
import type { OutputShape } from './output-shape.ts';
import { concreteTopics, type Output, OutputTopic } from './output-topic.ts';
import { routeFailure } from './pulsar-failure.ts';

/** Opens producers with names of the broker's making: for the guarantees that rest on no deduplication. */
export const openOutputs = async (
  session: MessagingSession,
  { topicName, producerConfig }: SourceConfig,
  partitions: number,
  signal: AbortSignal,
  shape: OutputShape,
): Promise<OutputTopic> => {
  const compression = producerConfig.compressionType ?? 'LZ4';
  try {
    const outputs = await Promise.all(
      concreteTopics(topicName, partitions).map(async (topic): Promise<Output> => {
        const producer = await session.producer({ topic, compression, schemaDefinition: shape.schema, signal });
        return { topic, producer, lastSequence: -1, isUsed: true, trusted: true, messageId: null };
      }),
    );
    return new OutputTopic(outputs, partitions, shape);
  } catch (cause) {
    throw routeFailure(cause, `opening a producer on ${topicName}`);
  }
};
