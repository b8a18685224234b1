import { outcomeOf } from './outcomes.ts';
import type { AddressOf, ServiceName } from './registry.ts';

export type { AerospikeAddress } from './aerospike/server.ts';
export type { CassandraAddress } from './cassandra.ts';
export { startCassandra } from './cassandra.ts';
export { describeReal } from './describe-real.ts';
export type { DynamodbAddress, DynamodbOptions } from './dynamodb.ts';
export { startDynamodb } from './dynamodb.ts';
export type { SqsAddress } from './elasticmq.ts';
export { startElasticmq } from './elasticmq.ts';
export { startGoAdminApi } from './go-admin.ts';
export { runJava } from './java-client.ts';
export type { KafkaAddress } from './kafka.ts';
export { startKafka } from './kafka.ts';
export type { RunResult } from './kit/run.ts';
export type { RunningServer } from './kit/server.ts';
export type { MongoAddress } from './mongo/server.ts';
export { startMongo } from './mongo/server.ts';
export type { MotoAddress } from './moto.ts';
export { startMoto } from './moto.ts';
export type { OpensearchAddress } from './opensearch/server.ts';
export { startOpensearch } from './opensearch/server.ts';
export type { PostgresAddress, PostgresOptions } from './postgres.ts';
export { startPostgres } from './postgres.ts';
export { runPulsarAdmin } from './pulsar/admin.ts';
export { type AdminApiAnswer, type PulsarAdminApi, startPulsarAdminApi } from './pulsar/admin-api.ts';
export { type PulsarAdminShell, startPulsarAdminShell } from './pulsar/admin-shell.ts';
export type { PulsarSecureAddress } from './pulsar/security.ts';
export { SECRET_PASSWORD, signToken } from './pulsar/security.ts';
export type { PulsarAddress, PulsarOptions } from './pulsar/server.ts';
export { startPulsar } from './pulsar/server.ts';
export { runPython } from './python-client.ts';
export type { RabbitmqAddress } from './rabbitmq.ts';
export { startRabbitmq } from './rabbitmq.ts';
export type { RedisAddress, RedisOptions } from './redis.ts';
export { startRedis } from './redis.ts';
export { runSchemathesis } from './schemathesis.ts';
export { type PolicyFinding, runCfnLint, runParliament } from './template-checks.ts';
export { proxyFor, startToxiproxy, type Toxic, type ToxicProxy, type ToxiproxyAddress } from './toxiproxy.ts';

/** The address of the service shared by all suites of a run. Call it inside a `describeReal` that names the service; throws elsewhere. */
export const useService = <Name extends ServiceName>(name: Name): AddressOf<Name> => {
  const outcome = outcomeOf(name);
  if (outcome.state !== 'running') throw new Error(outcome.reason);
  return outcome.address as AddressOf<Name>;
};

/** The shared broker. Use topics and namespaces of your own in it. */
export const usePulsar = (): AddressOf<'pulsar'> => useService('pulsar');

/** The shared broker that asks for credentials. Use topics of your own in it. */
export const usePulsarSecure = (): AddressOf<'pulsarSecure'> => useService('pulsarSecure');

/** The shared stand-in for Aerospike. Use sets of your own in it. */
export const useAerospike = (): AddressOf<'aerospike'> => useService('aerospike');

/** The shared Cassandra. Use a keyspace of your own in it. */
export const useCassandra = (): AddressOf<'cassandra'> => useService('cassandra');

/** The shared DynamoDB Local. Use tables of your own in it. */
export const useDynamodb = (): AddressOf<'dynamodb'> => useService('dynamodb');

/** The shared Toxiproxy. Use proxies of your own in it. */
export const useToxiproxy = (): AddressOf<'toxiproxy'> => useService('toxiproxy');

/** The shared ElasticMQ. Use queues of your own in it. */
export const useElasticmq = (): AddressOf<'elasticmq'> => useService('elasticmq');

/** The shared PostgreSQL. Use a database or tables of your own in it. */
export const usePostgres = (): AddressOf<'postgres'> => useService('postgres');
/** The shared emulation of AWS. Use stages, queues and streams of your own in it. */
export const useMoto = (): AddressOf<'moto'> => useService('moto');

/** The shared Redis, in memory. Use keys of your own in it. */
export const useRedis = (): AddressOf<'redis'> => useService('redis');

/** The shared Kafka. Use topics of your own in it. */
export const useKafka = (): AddressOf<'kafka'> => useService('kafka');

/** The shared RabbitMQ. Use queues and exchanges of your own in it. */
export const useRabbitmq = (): AddressOf<'rabbitmq'> => useService('rabbitmq');

/** The shared OpenSearch. Use indices of your own in it. */
export const useOpensearch = (): AddressOf<'opensearch'> => useService('opensearch');

/** The shared stand-in for MongoDB. Use databases of your own in it. */
export const useMongo = (): AddressOf<'mongo'> => useService('mongo');
