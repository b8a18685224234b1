import { afterAll, beforeAll } from '@jest/globals';
import { deliveryContract } from '../contracts/delivery.ts';
import { cassandraTarget } from '../e2e/cassandra-target.ts';
import { startEmbeddedBroker } from '../e2e/embedded-broker.ts';
import { describeReal, useCassandra } from '../services/index.ts';

describeReal('delivery on the embedded broker', ['cassandra'], () => {
  let broker: Awaited<ReturnType<typeof startEmbeddedBroker>>;
  beforeAll(async () => {
    broker = await startEmbeddedBroker();
  });
  afterAll(async () => {
    await broker[Symbol.asyncDispose]();
  });

  const target = () => cassandraTarget(useCassandra());
  deliveryContract('embedded broker, Cassandra', {
    broker: () => broker,
    target,
    repeatsAreRows: false,
    records: 4_000,
    maxKills: 5,
    guarantees: ['EFFECTIVELY_ONCE', 'ATMOST_ONCE'],
  });
});
