import type { SourceConfig } from '../core/connector.ts';
import type { MessagingSession } from '../core/messaging.ts';
import type { OutputShape } from './output-shape.ts';
import {
  concreteTopics,
  type OpenedTopic,
  type Output,
  type OutputOptions,
  OutputTopics,
  requireRoom,
} from './output-topic.ts';
import { routeFailure } from './pulsar-failure.ts';

/** Number of partitions of a topic, 0 when it is not partitioned. Throws `PIO_PULSAR_…` and `PIO_TOPIC_NOT_FOUND`. */
export const partitionsOf = async (session: MessagingSession, topic: string, signal: AbortSignal): Promise<number> => {
  try {
    return await session.partitions(topic, signal);
  } catch (cause) {
    throw routeFailure(cause, `looking up ${topic}`);
  }
};

/** How a session registers the schemas that records have; nothing where it cannot. */
export const registering = (session: MessagingSession, signal: AbortSignal): Pick<OutputOptions, 'registerSchema'> =>
  session.registerSchema
    ? {
        registerSchema: async (topic, schema) =>
          (await session.registerSchema?.(topic, schema, signal)) ?? new Uint8Array(),
      }
    : {};

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
  const open = async (topic: string, partitions: number): Promise<OpenedTopic> => {
    try {
      return { outputs: await Promise.all(concreteTopics(topic, partitions).map(openOne)), partitions };
    } catch (cause) {
      throw routeFailure(cause, `opening a producer on ${topic}`);
    }
  };
  const home = await open(topicName, known ?? (await partitionsOf(session, topicName, signal)));
  const openFurther = async (topic: string, room: number): Promise<OpenedTopic> => {
    const partitions = await partitionsOf(session, topic, signal);
    requireRoom(partitions, room);
    return open(topic, partitions);
  };
  return new OutputTopics(home, { shape, open: openFurther, ...registering(session, signal) });
};
