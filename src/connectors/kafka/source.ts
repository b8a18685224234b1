import { defineLogSource } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkKafkaSource, kafkaPosition, kafkaSourceConfig } from './source-config.ts';

/** Publishes the records of a Kafka topic: value as bytes, key, timestamp as event time. A source partition is a partition of the topic; names and keys are those of Pulsar's connector. */
export const kafkaSource = defineLogSource<typeof kafkaSourceConfig>({
  name: 'kafka',
  summary: 'Kafka source and sink connector',
  className: 'org.apache.pulsar.io.kafka.KafkaBytesSource',
  configClassName: 'org.apache.pulsar.io.kafka.KafkaSourceConfig',
  guarantees: GUARANTEES,
  config: kafkaSourceConfig,
  position: kafkaPosition,
  check: checkKafkaSource,
  pollIntervalMs: ({ pollIntervalMs }) => pollIntervalMs,
  open: async (config, context) => (await import('./open-source.ts')).openKafkaSource(config, context),
});
