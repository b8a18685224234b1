import { beforeAll } from '@jest/globals';
import { deliveryContract } from '../contracts/delivery.ts';
import { mongoTarget } from '../e2e/mongo-target.ts';
import { opensearchTarget } from '../e2e/opensearch-target.ts';
import { describeReal, useMongo, useOpensearch, usePulsar } from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

const NAMESPACE = 'public/delivery-documents';
const world = { broker: usePulsar, namespace: NAMESPACE, records: 2_000, maxKills: 4, repeatsAreRows: false };

describeReal('delivery into stores of documents on a real broker', ['pulsar', 'opensearch', 'mongo'], () => {
  beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE));
  deliveryContract('Pulsar 4, OpenSearch 2', {
    ...world,
    target: () => opensearchTarget(useOpensearch()),
    guarantees: ['EFFECTIVELY_ONCE', 'ATMOST_ONCE'],
  });
  // ATMOST_ONCE is not shown here: a write that was repeated leaves nothing to count.
  deliveryContract('Pulsar 4, mongo-java-server', {
    ...world,
    target: () => mongoTarget(useMongo()),
    guarantees: ['EFFECTIVELY_ONCE'],
  });
});
