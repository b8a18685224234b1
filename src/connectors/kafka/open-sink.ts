import type { OpenContext } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { Places } from '../places.ts';
import { CheckpointTopic } from './checkpoint-topic.ts';
import { KafkaClient, type TopicFacts } from './client.ts';
import type { KafkaPlace } from './messages.ts';
import { accessOf } from './security-keys.ts';
import { KafkaSession } from './session.ts';
import { type KafkaSinkConfig, mayBeTopic, producerSettings } from './sink-config.ts';

const lookUp = async (client: KafkaClient, topic: string, signal: AbortSignal): Promise<TopicFacts> => {
  const facts = await client.topic(topic, signal);
  if (facts) return facts;
  throw new PulsarIoError('PIO_SINK_MISCONFIGURED', `there is no Kafka topic ${topic}, or no right to see it`);
};

const placeOf = (topic: string, { leaders }: TopicFacts): KafkaPlace => ({
  partitions: leaders.map((leader, partition) => ({ topic, partition, leader })),
  target: `Kafka topic ${topic}`,
});

const DEFAULT_BATCH_BYTES = 524_288;

/** Connects to the cluster and looks up the topic; throws `PIO_SINK_MISCONFIGURED` and `PIO_SINK_UNAVAILABLE`. */
export const openKafkaSink = async (config: KafkaSinkConfig, { uid, signal }: OpenContext): Promise<KafkaSession> => {
  const { topic, maxRequestSize, batchSize = DEFAULT_BATCH_BYTES, copyPropertiesEnabled, checkpointTopic } = config;
  const access = accessOf(config, config.producerConfigProperties ?? {});
  const client = await KafkaClient.open(access, 'sink', signal);
  try {
    const home = placeOf(topic, await lookUp(client, topic, signal));
    const open = async (name: string, ends: AbortSignal): Promise<KafkaPlace> => {
      const facts = await lookUp(client, name, ends);
      if (facts.isWritable) return placeOf(name, facts);
      throw new PulsarIoError('PIO_SINK_MISCONFIGURED', `no right to write to the Kafka topic ${name}`);
    };
    const mayBe = (name: string): boolean => mayBeTopic(name) && name !== checkpointTopic;
    const { compression, transactionTimeoutMs } = producerSettings(config);
    return new KafkaSession({
      ...{ client, uid, transactionTimeoutMs },
      places: new Places(topic, home, { word: 'topic', mayBe, open }),
      message: { maxRequestSize, copiesProperties: copyPropertiesEnabled },
      producer: { client, compression, requestTimeoutMs: access.requestTimeoutMs },
      checkpoints: new CheckpointTopic(client, checkpointTopic, uid),
      batchBytes: Math.min(batchSize, maxRequestSize),
    });
  } catch (error) {
    client.close();
    throw error;
  }
};
