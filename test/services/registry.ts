import { aerospike } from './aerospike/server.ts';
import { cassandra } from './cassandra.ts';
import { dynamodb } from './dynamodb.ts';
import { elasticmq } from './elasticmq.ts';
import { goAdmin } from './go-admin.ts';
import { javaClient } from './java-client.ts';
import { kafka } from './kafka.ts';
import type { Running, Service } from './kit/service.ts';
import { mongo } from './mongo/server.ts';
import { moto } from './moto.ts';
import { opensearch } from './opensearch/server.ts';
import { postgres } from './postgres.ts';
import { pulsarAdmin } from './pulsar/admin.ts';
import { pulsar, pulsarSecure } from './pulsar/server.ts';
import { pythonClient } from './python-client.ts';
import { rabbitmq } from './rabbitmq.ts';
import { redis } from './redis.ts';
import { schemathesis } from './schemathesis.ts';
import { templateChecks } from './template-checks.ts';
import { toxiproxy } from './toxiproxy.ts';

/** A service as all suites share it. */
export interface SharedService<R> {
  /** Downloads what a start needs. Throws `ServiceUnavailableError`. */
  prepare(): Promise<void>;
  start(): Promise<R>;
}

const share = <Options, Address, R extends Running<Address>>(
  service: Service<Options, Address, R>,
  options?: Options,
): SharedService<R> => ({ prepare: () => service.prepare(options), start: () => service.start(options) });

/** Everything that a suite can need. A new service gets its line here. */
export const shared = {
  pulsar: share(pulsar),
  pulsarSecure: share(pulsarSecure),
  pulsarAdmin: share(pulsarAdmin),
  javaClient: share(javaClient),
  goAdmin: share(goAdmin),
  pythonClient: share(pythonClient),
  schemathesis: share(schemathesis),
  cassandra: share(cassandra),
  dynamodb: share(dynamodb, { isInMemory: true }),
  elasticmq: share(elasticmq),
  toxiproxy: share(toxiproxy),
  postgres: share(postgres),
  moto: share(moto),
  templateChecks: share(templateChecks),
  redis: share(redis),
  kafka: share(kafka),
  rabbitmq: share(rabbitmq),
  opensearch: share(opensearch),
  mongo: share(mongo),
  aerospike: share(aerospike),
};

/** What a suite may name. */
export type ServiceName = keyof typeof shared;

/** What a test gets to know of a service. */
export type AddressOf<Name extends ServiceName> = Awaited<ReturnType<(typeof shared)[Name]['start']>>['address'];

/** Whether `name` is a service. */
export const isServiceName = (name: string): name is ServiceName => Object.hasOwn(shared, name);
