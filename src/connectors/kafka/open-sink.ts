import type { OpenContext } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { CheckpointTopic } from './checkpoint-topic.ts';
import { KafkaClient } from './client.ts';
import { accessOf } from './security-keys.ts';
import { KafkaSession } from './session.ts';
import { type KafkaSinkConfig, producerSettings } from './sink-config.ts';

const DEFAULT_BATCH_BYTES = 524_288;

/** Connects to the cluster and looks up the topic; throws `PIO_SINK_MISCONFIGURED` and `PIO_SINK_UNAVAILABLE`. */
export const openKafkaSink = async (config: KafkaSinkConfig, { uid, signal }: OpenContext): Promise<KafkaSession> => {
  const { topic, maxRequestSize, batchSize = DEFAULT_BATCH_BYTES, copyPropertiesEnabled, checkpointTopic } = config;
  const access = accessOf(config, config.producerConfigProperties ?? {});
  const client = await KafkaClient.open(access, 'sink', signal);
  try {
    const facts = await client.topic(topic, signal);
    if (!facts)
      throw new PulsarIoError('PIO_SINK_MISCONFIGURED', `there is no Kafka topic ${topic}, or no right to see it`);
    const { leaders } = facts;
    const { compression, transactionTimeoutMs } = producerSettings(config);
    return new KafkaSession({
      ...{ client, uid, leaders, transactionTimeoutMs },
      message: { topic, partitions: leaders.length, maxRequestSize, copiesProperties: copyPropertiesEnabled },
      producer: { client, compression, requestTimeoutMs: access.requestTimeoutMs },
      checkpoints: new CheckpointTopic(client, checkpointTopic, uid),
      batchBytes: Math.min(batchSize, maxRequestSize),
      target: `Kafka topic ${topic}`,
    });
  } catch (error) {
    client.close();
    throw error;
  }
};
