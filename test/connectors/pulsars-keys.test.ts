import { expect, test } from '@jest/globals';
import { catalogue } from '../../src/connectors/catalogue.ts';
import type { FieldNotes } from '../../src/core/connector-type.ts';
import { problemsOf } from './open.ts';

/** What Pulsar's own connector cannot do without, as its examples have it. */
const LEAST: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'sink aerospike': { seedHosts: 'localhost:3000', keyspace: 'test', columnName: 'value' },
  'sink cassandra': {
    ...{ roots: 'localhost:9042', keyspace: 'pulsar_test_keyspace', columnFamily: 'pulsar_test_table' },
    ...{ keyname: 'key', columnName: 'col' },
  },
  'sink elastic_search': { elasticSearchUrl: 'http://localhost:9200', indexName: 'my_index' },
  'sink http': {},
  'sink jdbc-postgres': { jdbcUrl: 'jdbc:postgresql://localhost:5432/pulsar_postgres_jdbc_sink', tableName: 't' },
  'sink jdbc-sqlite': { jdbcUrl: 'jdbc:sqlite:test.sqlite', tableName: 't' },
  'sink kafka': { bootstrapServers: 'localhost:6667', topic: 'test', acks: '1' },
  'sink kinesis': {
    ...{ awsRegion: 'us-east-1', awsKinesisStreamName: 'my-stream' },
    awsCredentialPluginParam: '{"accessKey":"myKey","secretKey":"my-Secret"}',
  },
  'sink mongo': { mongoUri: 'mongodb://localhost:27017', database: 'pulsar', collection: 'messages' },
  'sink rabbitmq': { host: 'localhost', connectionName: 'test-connection', exchangeName: 'test-exchange' },
  'sink redis': { redisHosts: 'localhost:6379', redisDatabase: 0 },
  'source data-generator': {},
  'source dynamodb': {
    awsDynamodbStreamArn: 'arn:aws:dynamodb:us-west-2:111122223333:table/TestTable/stream/2020-01-01T00:00:00.000',
    ...{ awsRegion: 'us-west-2', awsCredentialPluginParam: '{"accessKey":"myKey","secretKey":"my-Secret"}' },
  },
  'source file': { inputDirectory: '/opt/files' },
  'source kafka': { bootstrapServers: 'localhost:9092', groupId: 'test-pulsar-io', topic: 'my-topic' },
  'source kinesis': { awsRegion: 'us-east-1', awsKinesisStreamName: 'my-stream' },
  'source rabbitmq': { host: 'localhost', connectionName: 'test-connection', queueName: 'test-queue' },
};

/** A value that Pulsar's loader takes for a key that has no default there, where the least configuration has none. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  ...{ userName: 'user', username: 'user', password: 'pass', redisPassword: 'pass', token: 't', apiKey: 'k' },
  ...{ key: 'id', nonKey: 'name', headers: { a: 'b' }, keySet: 'set', ssl: { enabled: false }, primaryFields: 'id' },
  ...{ producerConfigProperties: { 'client.id': 'x' }, consumerConfigProperties: { 'client.id': 'x' } },
  ...{ securityProtocol: 'PLAINTEXT', sslEnabledProtocols: 'TLSv1.2', sslEndpointIdentificationAlgorithm: 'https' },
  ...{ awsEndpoint: 'https://kinesis.us-east-1.amazonaws.com', awsEndpointPort: 443, routingKey: 'r', queueName: 'q' },
  ...{ awsCredentialPluginParam: '{"accessKey":"a","secretKey":"b"}', startAtTime: '2024-02-29T00:00:00.000Z' },
  ...{ dynamoEndpoint: 'https://x.amazonaws.com', cloudwatchEndpoint: 'https://x.amazonaws.com', pathFilter: '.*' },
  ...{ minimumFileAge: 1, maximumFileAge: 1_000_000, maximumSize: 1_000_000, processedFileSuffix: '.done' },
};

/** What is refused on purpose, at create and with the reason: files are neither deleted nor renamed here. */
const REFUSED = ['source file keepFile', 'source file processedFileSuffix'];

/** Keys that are only taken together. */
const TOGETHER: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  username: { password: 'pass' },
  password: { username: 'user', userName: 'user' },
  userName: { password: 'pass' },
  startAtTime: { initialPositionInStream: 'AT_TIMESTAMP' },
};

const typed = (type: string, text: string): unknown => {
  if (/boolean/i.test(type)) return text === 'true';
  return /^(java\.lang\.)?(int|long|integer|double)$/i.test(type) ? Number(text.replace(/L$/, '')) : text;
};

const cases = [...catalogue.sinks, ...catalogue.sources].flatMap((type) => {
  const least = LEAST[`${type.kind} ${type.name}`];
  if (!least) return [];
  return Object.entries(type.config.properties).flatMap(([key, schema]) => {
    const { pulsar } = schema as FieldNotes;
    const value = pulsar?.default ? typed(pulsar.type, pulsar.default) : (least[key] ?? SAMPLES[key]);
    if (REFUSED.includes(`${type.kind} ${type.name} ${key}`)) return [];
    return pulsar && value !== undefined ? [[`${type.kind} ${type.name}`, key, { type, least, value }] as const] : [];
  });
});

test.each(Object.keys(LEAST))('%s takes the least configuration that Pulsar’s takes', (name) => {
  const type = [...catalogue.sinks, ...catalogue.sources].find((it) => `${it.kind} ${it.name}` === name);
  expect(type && problemsOf(type, LEAST[name] ?? {})).toEqual([]);
});

test.each(cases)('%s takes Pulsar’s %s, as its type and as text', (_, key, { type, least, value }) => {
  const known = Object.entries(TOGETHER[key] ?? {}).filter(([name]) => name in type.config.properties);
  const base = { ...least, ...Object.fromEntries(known) };
  expect(problemsOf(type, { ...base, [key]: value })).toEqual([]);
  if (typeof value !== 'object') expect(problemsOf(type, { ...base, [key]: String(value) })).toEqual([]);
});
