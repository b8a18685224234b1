import { beforeAll } from '@jest/globals';
import { deliveryContract } from '../contracts/delivery.ts';
import { cassandraTarget } from '../e2e/cassandra-target.ts';
import { sqliteTarget } from '../e2e/sqlite-target.ts';
import { describeReal, useCassandra, usePulsar } from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

const NAMESPACE = 'public/delivery';

describeReal('delivery on a real broker', ['pulsar', 'cassandra'], () => {
  beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE));
  const world = { broker: usePulsar, namespace: NAMESPACE, records: 4_000, maxKills: 5 };
  deliveryContract('Pulsar 4, SQLite', { ...world, target: () => sqliteTarget(), repeatsAreRows: true });
  deliveryContract('Pulsar 4, Cassandra', {
    ...world,
    target: () => cassandraTarget(useCassandra()),
    repeatsAreRows: false,
  });
});
