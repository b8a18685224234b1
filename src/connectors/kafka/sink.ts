import { defineSink } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkKafkaSink, kafkaSinkConfig } from './sink-config.ts';

/**
 * Writes the payload of each message, as it is, to a Kafka topic, under the message's key. Under EFFECTIVELY_ONCE the frontier is written to a compacted topic in the transaction of the data, and
 * each topic-partition has a transactional id of its own, which its newest run takes over.
 */
export const kafkaSink = defineSink<typeof kafkaSinkConfig>({
  name: 'kafka',
  summary: 'Kafka source and sink connector',
  className: 'org.apache.pulsar.io.kafka.KafkaBytesSink',
  configClassName: 'org.apache.pulsar.io.kafka.KafkaSinkConfig',
  guarantees: GUARANTEES,
  route: 'transactional',
  accepts: 'bytes',
  destination: 'topic',
  config: kafkaSinkConfig,
  check: checkKafkaSink,
  open: async (config, context) => (await import('./open-sink.ts')).openKafkaSink(config, context),
});
