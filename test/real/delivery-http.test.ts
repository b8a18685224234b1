import { beforeAll } from '@jest/globals';
import { deliveryContract } from '../contracts/delivery.ts';
import { httpTarget } from '../e2e/http-target.ts';
import { describeReal, usePulsar } from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

const NAMESPACE = 'public/delivery-http';

describeReal('delivery to a web application from a real broker', ['pulsar'], () => {
  beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE));
  deliveryContract('Pulsar 4, a web application with idempotency keys', {
    broker: usePulsar,
    namespace: NAMESPACE,
    target: httpTarget,
    // A repeated request has no effect: that ATLEAST_ONCE repeats some cannot be seen here, but that ATMOST_ONCE loses some can.
    repeatsAreRows: false,
    guarantees: ['EFFECTIVELY_ONCE', 'ATMOST_ONCE'],
    records: 2_000,
    maxKills: 4,
  });
});
