import { beforeAll } from '@jest/globals';
import { deliveryContract } from '../contracts/delivery.ts';
import { cassandraTarget } from '../e2e/cassandra-target.ts';
import { sqliteTarget } from '../e2e/sqlite-target.ts';
import { describeReal, useCassandra, usePulsar } from '../services/index.ts';

const NAMESPACE = 'public/delivery';

/** Real Pulsar does not deduplicate unless told: as an operator would, per namespace. */
const prepareNamespace = async (): Promise<void> => {
  const url = `${usePulsar().adminUrl}/admin/v2/namespaces/${NAMESPACE}`;
  const headers = { 'content-type': 'application/json' };
  await fetch(url, { method: 'PUT', headers });
  const answer = await fetch(`${url}/deduplication`, { method: 'POST', headers, body: 'true' });
  if (!answer.ok) throw new Error(`deduplication could not be enabled: ${answer.status} ${await answer.text()}`);
};

describeReal('delivery on a real broker', ['pulsar', 'cassandra'], () => {
  beforeAll(prepareNamespace);
  const world = { broker: usePulsar, namespace: NAMESPACE, records: 8_000, maxKills: 8 };
  deliveryContract('Pulsar 4, SQLite', { ...world, target: () => sqliteTarget(), repeatsAreRows: true });
  deliveryContract('Pulsar 4, Cassandra', {
    ...world,
    target: () => cassandraTarget(useCassandra()),
    repeatsAreRows: false,
  });
});
