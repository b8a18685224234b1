import { PulsarIoError } from '../core/errors.ts';
import type { MessagingSession, ProducerOptions } from '../core/messaging.ts';
import type { Output } from './output-topic.ts';

/**
 * Checks that the broker deduplicates the topic, without an admin address (GUARANTEES rule 8): after a real receipt the producer is
 * opened once more under its name, and must be told the sequence just published. Throws `PIO_DEDUPLICATION_OFF`.
 */
export const requireDeduplication = async (
  session: MessagingSession,
  output: Pick<Output, 'topic' | 'producer' | 'lastSequence'>,
  options: Pick<ProducerOptions, 'compression' | 'schemaDefinition'>,
  signal: AbortSignal,
): Promise<void> => {
  const { topic, producer, lastSequence } = output;
  const { compression, schemaDefinition } = options;
  await producer.close();
  output.producer = await session.producer({
    topic,
    producerName: producer.name,
    compression,
    schemaDefinition,
    signal,
  });
  if (output.producer.lastSequenceId === lastSequence) return;
  const namespace = topic
    .replace(/^[a-z-]+:\/\//, '')
    .split('/')
    .slice(0, 2)
    .join('/');
  throw new PulsarIoError(
    'PIO_DEDUPLICATION_OFF',
    `${topic} does not deduplicate (last sequence of ${producer.name} is ${output.producer.lastSequenceId} after publishing ${lastSequence}); enable it with: pulsar-admin namespaces set-deduplication ${namespace} --enable, then restart`,
  );
};
