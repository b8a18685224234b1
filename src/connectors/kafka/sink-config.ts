import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { pulsarKey, strictObject } from '../config.ts';
import { ownSecurityKeys, propertyProblems, securityKeys, securityProblems } from './security-keys.ts';

const STRING = 'java.lang.String';
const SERIALIZATION = 'org.apache.kafka.common.serialization';

/** A class that Pulsar's connector replaces by its own, whatever is given. */
const unusedClass = (name: string, help: string) =>
  Type.Optional(
    Type.String({
      description:
        'Accepted and not used: keys are written as text and values as they are, as Pulsar’s connector does.',
      ...pulsarKey(STRING, `${SERIALIZATION}.${name}`, { help }),
    }),
  );

/** Pulsar's `KafkaSinkConfig`, in its order, then ours. */
export const kafkaSinkConfig = strictObject({
  ...securityKeys,
  acks: Type.Optional(
    Type.String({
      pattern: '^(all|-1|0|1)$',
      description:
        'Accepted and not used: a record counts as written when all replicas in sync have it (`all`), under each guarantee.',
      ...pulsarKey(STRING, '', {
        required: true,
        help: 'The number of acknowledgments the producer requires the leader to have received before considering a request complete. This controls the durability of records that are sent.',
      }),
    }),
  ),
  batchSize: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'Largest batch of several records of one partition, in bytes before compression. Absent: 524288.',
      ...pulsarKey('long', '16384', {
        help: 'The batch size that Kafka producer will attempt to batch records together before sending them to brokers.',
      }),
    }),
  ),
  maxRequestSize: Type.Integer({
    minimum: 1,
    maximum: 104_857_600,
    default: 1_048_576,
    description: 'Largest record, in bytes with key and headers: larger ones are rejected before they are sent.',
    ...pulsarKey('long', '1048576', { help: 'The maximum size of a Kafka request in bytes.' }),
  }),
  topic: Type.String({
    pattern: '^[a-zA-Z0-9._-]{1,249}$',
    description: 'Topic that is written to; it must exist.',
    ...pulsarKey(STRING, '', {
      required: true,
      help: 'The Kafka topic that is used for Pulsar moving messages to.',
    }),
  }),
  keySerializerClass: unusedClass('StringSerializer', 'The serializer class for Kafka producer to serialize keys.'),
  valueSerializerClass: unusedClass(
    'ByteArraySerializer',
    "The serializer class for Kafka producer to serialize values. You typically shouldn't care this. Since the serializer will be set by a specific implementation of `KafkaAbstractSink`.",
  ),
  producerConfigProperties: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      secret: true,
      description:
        'Properties of Kafka’s own producer. Used: `compression.type`, `transaction.timeout.ms`, `client.id`, `request.timeout.ms`, and what the keys above say, which win.',
      ...pulsarKey('java.util.Map', '', {
        help: 'The producer config properties to be passed to Producer. Note that other properties specified in the connector config file take precedence over this config.',
      }),
    }),
  ),
  ...ownSecurityKeys,
  copyPropertiesEnabled: Type.Boolean({
    default: false,
    description: 'Whether records get a header for each property of the message.',
  }),
  checkpointTopic: Type.String({
    pattern: '^[a-zA-Z0-9._-]{1,249}$',
    default: 'pulsar-io-checkpoint',
    description:
      'Under EFFECTIVELY_ONCE, the compacted topic of one partition where frontiers lie; made at the first run. Many connectors may share it.',
  }),
});

/** Whether a record may name that topic: not one of Kafka's own. */
export const mayBeTopic = (name: string): boolean => /^(?!__|\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/.test(name);

/** Validated configuration of the kafka sink. */
export type KafkaSinkConfig = Static<typeof kafkaSinkConfig>;

const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** What the properties say about writing. */
export interface ProducerSettings {
  readonly compression: (typeof COMPRESSIONS)[number];
  readonly transactionTimeoutMs: number;
}

/** Reads {@link ProducerSettings}; Kafka's own defaults where nothing is said. */
export const producerSettings = ({ producerConfigProperties: given = {} }: KafkaSinkConfig): ProducerSettings => ({
  compression: String(given['compression.type'] ?? 'none') as ProducerSettings['compression'],
  transactionTimeoutMs: Number(given['transaction.timeout.ms'] ?? 60_000),
});

/** Cross-field rules of {@link kafkaSinkConfig}. */
export const checkKafkaSink = (config: KafkaSinkConfig): Problem[] => {
  const { producerConfigProperties = {}, topic, checkpointTopic } = config;
  const { compression, transactionTimeoutMs } = producerSettings(config);
  const rules: [boolean, string, string][] = [
    [
      !COMPRESSIONS.includes(compression),
      'producerConfigProperties/compression.type',
      `must be one of ${COMPRESSIONS.join(', ')}`,
    ],
    [
      !Number.isSafeInteger(transactionTimeoutMs) || transactionTimeoutMs < 1_000,
      'producerConfigProperties/transaction.timeout.ms',
      'must be a number of milliseconds from 1000 on',
    ],
    [topic === checkpointTopic, 'checkpointTopic', 'must not be the topic that is written to'],
  ];
  return [
    ...securityProblems(config, producerConfigProperties),
    ...propertyProblems('producerConfigProperties', producerConfigProperties),
    ...rules.flatMap(([isWrong, key, message]) => (isWrong ? [{ path: `/configs/${key}`, message }] : [])),
  ];
};
