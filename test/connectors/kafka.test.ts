import { describe, expect, test } from '@jest/globals';
import { accessOf } from '../../src/connectors/kafka/security-keys.ts';
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
