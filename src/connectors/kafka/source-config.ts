import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { choice, pulsarKey, strictObject } from '../config.ts';
import { ownSecurityKeys, propertyProblems, securityKeys, securityProblems } from './security-keys.ts';

const STRING = 'java.lang.String';
const UNUSED = 'Accepted and not used: ';
const NO_GROUP = 'no consumer group is joined; progress is kept in the deployment’s own table';
const SERIALIZATION = 'org.apache.kafka.common.serialization';
const BYTES = ['ByteArray', 'ByteBuffer', 'Bytes'].map((name) => `${SERIALIZATION}.${name}Deserializer`);
const TEXT = `${SERIALIZATION}.StringDeserializer`;

/** A key about consumer groups: a number, or true or false. */
const groupKey = (type: 'long' | 'boolean', value: string, help: string) =>
  Type.Optional(
    type === 'long'
      ? Type.Integer({ minimum: 1, description: `${UNUSED}${NO_GROUP}.`, ...pulsarKey(type, value, { help }) })
      : Type.Boolean({ description: `${UNUSED}${NO_GROUP}.`, ...pulsarKey(type, value, { help }) }),
  );

/** Pulsar's `KafkaSourceConfig`, in its order, then ours. */
export const kafkaSourceConfig = strictObject({
  ...securityKeys,
  groupId: Type.Optional(
    Type.String({
      description: `${UNUSED}${NO_GROUP}.`,
      ...pulsarKey(STRING, '', {
        required: true,
        help: 'A string that uniquely identifies the group of consumer processes to which this consumer belongs.',
      }),
    }),
  ),
  fetchMinBytes: Type.Integer({
    minimum: 1,
    maximum: 2_147_483_647,
    default: 1,
    description: 'How many bytes a broker waits for, for up to 200 milliseconds, before it answers.',
    ...pulsarKey('long', '1', { help: 'The minimum amount of data the server should return for a fetch request.' }),
  }),
  autoCommitIntervalMs: groupKey(
    'long',
    '5000',
    'The frequency in milliseconds that the consumer offsets are auto-committed to Kafka if autoCommitEnabled is set to true.',
  ),
  sessionTimeoutMs: groupKey(
    'long',
    '30000',
    "The timeout used to detect failures when using Kafka's group management facilities.",
  ),
  heartbeatIntervalMs: groupKey(
    'long',
    '3000',
    "The interval between heartbeats to the consumer when using Kafka's group management facilities. The value must be lower than session timeout.",
  ),
  autoCommitEnabled: groupKey(
    'boolean',
    'true',
    "If true the consumer's offset will be periodically committed in the background.",
  ),
  topic: Type.String({
    pattern: '^[a-zA-Z0-9._-]{1,249}$',
    description: 'Topic that is read, all its partitions.',
    ...pulsarKey(STRING, '', {
      required: true,
      help: 'The Kafka topic that is used for Pulsar moving messages to.',
    }),
  }),
  keyDeserializationClass: Type.Optional(
    Type.String({
      description: `Only \`${TEXT}\`: a key is text.`,
      ...pulsarKey(STRING, TEXT, { help: 'The deserializer class for Kafka consumer to deserialize keys.' }),
    }),
  ),
  valueDeserializationClass: Type.Optional(
    Type.String({
      description:
        'The deserializers of byte arrays, byte buffers, bytes and strings of Kafka itself: all of them give the bytes as they are.',
      ...pulsarKey(STRING, BYTES[0], {
        help: "The deserializer class for Kafka consumer to deserialize values. You typically shouldn't care this. Since the deserializer will be set by a specific implementation of `KafkaAbstractSource`.",
      }),
    }),
  ),
  autoOffsetReset: choice(['earliest', 'latest', 'none'], {
    default: 'earliest',
    description:
      'Where to begin, and where to go on when what follows the position is no longer kept: `earliest`, at the oldest record; `latest`, behind the newest, which at the beginning is what came since the connector was created; `none`: stop.',
    ...pulsarKey(STRING, 'earliest', { help: 'The default offset reset policy.' }),
  }),
  consumerConfigProperties: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      secret: true,
      description:
        'Properties of Kafka’s own consumer. Used: `isolation.level` (`read_committed` when absent), `client.id`, `request.timeout.ms`, and what the keys above say, which win.',
      ...pulsarKey('java.util.Map', '', {
        help: 'The consumer config properties to be passed to Consumer. Note that other properties specified in the connector config file take precedence over this config.',
      }),
    }),
  ),
  copyHeadersEnabled: Type.Boolean({
    default: false,
    description:
      'Whether messages get the properties `__kafka_topic`, `__kafka_partition` and `__kafka_offset`, and one for each header, its value as base64.',
    ...pulsarKey('boolean', 'false', {
      help: 'If true the Kafka message headers will be copied into Pulsar message properties. Since Pulsar properties is a Map<String, String>, byte array values in the Kafka headers will be base64 encoded. ',
    }),
  }),
  ...ownSecurityKeys,
  pollIntervalMs: Type.Integer({
    minimum: 200,
    maximum: 86_400_000,
    default: 1_000,
    description: 'How long partitions without new records rest before they are looked at again, in milliseconds.',
  }),
});

/** Validated configuration of the kafka source. */
export type KafkaSourceConfig = Static<typeof kafkaSourceConfig>;

/** Which records are read, of those that transactions wrote. */
export const isolationOf = ({ consumerConfigProperties = {} }: KafkaSourceConfig): string =>
  String(consumerConfigProperties['isolation.level'] ?? 'read_committed');

/** Cross-field rules of {@link kafkaSourceConfig}. */
export const checkKafkaSource = (config: KafkaSourceConfig): Problem[] => {
  const { consumerConfigProperties = {}, keyDeserializationClass: key = TEXT } = config;
  const { valueDeserializationClass: value = TEXT } = config;
  const path = (name: string) => `/configs/${name}`;
  return [
    ...securityProblems(config, consumerConfigProperties),
    ...propertyProblems('consumerConfigProperties', consumerConfigProperties),
    ...(key === TEXT
      ? []
      : [{ path: path('keyDeserializationClass'), message: `must be ${TEXT}: keys of Pulsar messages are text` }]),
    ...([TEXT, ...BYTES].includes(value)
      ? []
      : [
          {
            path: path('valueDeserializationClass'),
            message: `must be one of ${[TEXT, ...BYTES].join(', ')}: values are published as the bytes they are`,
          },
        ]),
    ...(['read_committed', 'read_uncommitted'].includes(isolationOf(config))
      ? []
      : [
          {
            path: path('consumerConfigProperties/isolation.level'),
            message: 'must be read_committed or read_uncommitted',
          },
        ]),
  ];
};

/** A position in a partition: the next record to read, of a topic that no other of its name is taken for. */
export const kafkaPosition = strictObject({
  offset: Type.Integer({ minimum: 0, description: 'Offset of the next record.' }),
  topicId: Type.String({ description: 'Id of the topic.' }),
});

/** What {@link kafkaPosition} declares. */
export type KafkaPosition = Static<typeof kafkaPosition>;
