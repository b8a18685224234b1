import { describe, expect, test } from '@jest/globals';
import { partitionOf } from '../../src/connectors/kafka/murmur2.ts';
import { accessOf } from '../../src/connectors/kafka/security-keys.ts';
import { kafkaSink } from '../../src/connectors/kafka/sink.ts';
import { producerSettings } from '../../src/connectors/kafka/sink-config.ts';
import { kafkaSource } from '../../src/connectors/kafka/source.ts';
import type { ConnectorType } from '../../src/core/connector-type.ts';
import { configOf, problemsOf } from './open.ts';

const JAAS =
  'org.apache.kafka.common.security.scram.ScramLoginModule required username="a \\"b" password=plain-text extra="x";';

/** What both connectors take about how to reach the cluster. */
const COMMON = {
  bootstrapServers: 'a:9092, b:9093',
  securityProtocol: 'SASL_SSL',
  saslMechanism: 'SCRAM-SHA-512',
  saslJaasConfig: JAAS,
  sslEnabledProtocols: 'TLSv1.3,TLSv1.2',
  sslEndpointIdentificationAlgorithm: '',
  sslTruststorePassword: 'unused',
  topic: 'in',
};

const SERIALIZATION = 'org.apache.kafka.common.serialization';

describe('the configuration of the kafka source', () => {
  const type = kafkaSource as ConnectorType;
  const full = {
    ...COMMON,
    groupId: 'g',
    fetchMinBytes: '1',
    autoCommitIntervalMs: 5_000,
    sessionTimeoutMs: 30_000,
    heartbeatIntervalMs: 3_000,
    autoCommitEnabled: true,
    keyDeserializationClass: `${SERIALIZATION}.StringDeserializer`,
    valueDeserializationClass: `${SERIALIZATION}.ByteArrayDeserializer`,
    autoOffsetReset: 'earliest',
    consumerConfigProperties: { 'max.poll.records': 500, 'client.id': 'mine', 'isolation.level': 'read_uncommitted' },
    copyHeadersEnabled: true,
  };

  test('takes every key of Pulsar’s KafkaSourceConfig', () => {
    expect(problemsOf(type, full)).toEqual([]);
    const pulsars = Object.entries(type.config.properties).flatMap(([key, schema]) =>
      'pulsar' in schema ? [key] : [],
    );
    expect(pulsars.filter((key) => !Object.keys(full).includes(key))).toEqual(['sslTruststoreLocation']);
  });

  test.each([
    [{ bootstrapServers: 'a' }, 'bootstrapServers'],
    [{ bootstrapServers: 'a:99999' }, 'bootstrapServers'],
    [{ securityProtocol: 'TLS' }, 'securityProtocol'],
    [{ saslMechanism: 'GSSAPI' }, 'saslMechanism'],
    [{ saslJaasConfig: 'com.sun.security.auth.module.Krb5LoginModule required;' }, 'saslJaasConfig'],
    [{ sslEnabledProtocols: 'TLSv1' }, 'sslEnabledProtocols'],
    [{ sslEndpointIdentificationAlgorithm: 'ldap' }, 'sslEndpointIdentificationAlgorithm'],
    [{ sslTruststoreLocation: '/etc/trust.jks' }, 'sslTruststoreLocation'],
    [{ fetchMinBytes: 0 }, 'fetchMinBytes'],
    [{ topic: 'a b' }, 'topic'],
    [{ autoOffsetReset: 'newest' }, 'autoOffsetReset'],
    [{ keyDeserializationClass: `${SERIALIZATION}.LongDeserializer` }, 'keyDeserializationClass'],
    [
      { valueDeserializationClass: 'io.confluent.kafka.serializers.KafkaAvroDeserializer' },
      'valueDeserializationClass',
    ],
    [{ consumerConfigProperties: { 'isolation.level': 'x' } }, 'consumerConfigProperties/isolation.level'],
    [{ consumerConfigProperties: { 'ssl.keystore.location': 'x' } }, 'consumerConfigProperties/ssl.keystore.location'],
    [{ consumerConfigProperties: { 'interceptor.classes': 'x' } }, 'consumerConfigProperties/interceptor.classes'],
  ])('refuses %j', (wrong, key) => {
    expect(problemsOf(type, { ...full, ...wrong })).toEqual([`/configs/${key}`]);
  });

  test('takes what the keys leave out from the properties, and the keys where both say it', () => {
    const access = accessOf(configOf(type, full), {});
    expect(access).toMatchObject({
      servers: [
        { host: 'a', port: 9092 },
        { host: 'b', port: 9093 },
      ],
      tls: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', checkServerIdentity: expect.any(Function) },
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'a "b', password: 'plain-text' },
      ...{ clientId: 'pulsar-io-serverless', requestTimeoutMs: 30_000 },
    });
    const properties = {
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': 'PLAIN',
      'sasl.jaas.config': 'x required username="u" password="p";',
      'client.id': 'mine',
      'request.timeout.ms': '5000',
    };
    const bare = { bootstrapServers: 'a:1', topic: 't', consumerConfigProperties: properties };
    expect(problemsOf(type, bare)).toEqual([]);
    expect(accessOf(configOf(type, bare), properties)).toMatchObject({
      ...{ tls: undefined, sasl: { mechanism: 'PLAIN', username: 'u', password: 'p' } },
      ...{ clientId: 'mine', requestTimeoutMs: 5_000 },
    });
    const both = configOf(type, { ...bare, securityProtocol: 'PLAINTEXT' });
    expect(accessOf(both, properties)).toMatchObject({ sasl: undefined });
  });
});

describe('the configuration of the kafka sink', () => {
  const type = kafkaSink as ConnectorType;
  const full = {
    ...COMMON,
    acks: 'all',
    batchSize: 16_384,
    maxRequestSize: '1048576',
    keySerializerClass: `${SERIALIZATION}.StringSerializer`,
    valueSerializerClass: `${SERIALIZATION}.ByteArraySerializer`,
    producerConfigProperties: { 'compression.type': 'lz4', 'linger.ms': 5, 'transaction.timeout.ms': '90000' },
  };

  test('takes every key of Pulsar’s KafkaSinkConfig', () => {
    expect(problemsOf(type, full)).toEqual([]);
    const pulsars = Object.entries(type.config.properties).flatMap(([key, schema]) =>
      'pulsar' in schema ? [key] : [],
    );
    expect(pulsars.filter((key) => !Object.keys(full).includes(key))).toEqual(['sslTruststoreLocation']);
    expect(producerSettings(configOf(type, full))).toEqual({ compression: 'lz4', transactionTimeoutMs: 90_000 });
    for (const acks of ['-1', 0, 1]) expect(problemsOf(type, { ...full, acks })).toEqual([]);
  });

  test.each([
    [{ acks: '2' }, 'acks'],
    [{ batchSize: 0 }, 'batchSize'],
    [{ maxRequestSize: 0 }, 'maxRequestSize'],
    [{ topic: undefined }, 'topic'],
    [{ topic: 'pulsar-io-checkpoint' }, 'checkpointTopic'],
    [{ sslTruststoreLocation: '/etc/trust.jks' }, 'sslTruststoreLocation'],
    [{ producerConfigProperties: { 'compression.type': 'brotli' } }, 'producerConfigProperties/compression.type'],
    [{ producerConfigProperties: { 'transaction.timeout.ms': 5 } }, 'producerConfigProperties/transaction.timeout.ms'],
    [{ producerConfigProperties: { 'transactional.id': 'x' } }, 'producerConfigProperties/transactional.id'],
    [{ producerConfigProperties: { 'partitioner.class': 'x' } }, 'producerConfigProperties/partitioner.class'],
  ])('refuses %j', (wrong, key) => {
    expect(problemsOf(type, { ...full, ...wrong })).toEqual([`/configs/${key}`]);
  });
});

test('a key goes to the partition that Kafka’s own clients choose', () => {
  // Hashes of Kafka's UtilsTest.testMurmur2: 21, foobar, a-little-bit-long-string, and so on.
  const hashes = { '21': -973932308, foobar: -790332482, 'a-little-bit-long-string': -985981536, abc: 479470107 };
  for (const [key, hash] of Object.entries(hashes))
    expect(partitionOf(Buffer.from(key), 1_000)).toBe((hash & 0x7fffffff) % 1_000);
});
