import { beforeAll } from '@jest/globals';
import { deliveryContract } from '../contracts/delivery.ts';
import { dynamodbTarget } from '../e2e/dynamodb-target.ts';
import { postgresTarget } from '../e2e/postgres-target.ts';
import { redisTarget } from '../e2e/redis-target.ts';
import { describeReal, useDynamodb, usePostgres, usePulsar } from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

const NAMESPACE = 'public/delivery-stores';
const world = { broker: usePulsar, namespace: NAMESPACE, records: 2_000, maxKills: 4 };

describeReal('delivery into stores on a real broker', ['pulsar', 'postgres', 'redis', 'dynamodb'], () => {
  beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE));
  deliveryContract('Pulsar 4, PostgreSQL 15', {
    ...world,
    target: () => postgresTarget(usePostgres()),
    guarantees: ['EFFECTIVELY_ONCE', 'ATLEAST_ONCE'],
    repeatsAreRows: true,
  });
  deliveryContract('Pulsar 4, Redis 7', {
    ...world,
    target: () => redisTarget(),
    guarantees: ['EFFECTIVELY_ONCE', 'ATMOST_ONCE'],
    repeatsAreRows: false,
  });
  // ATMOST_ONCE is not shown here: a write that was repeated leaves nothing to count.
  deliveryContract('Pulsar 4, DynamoDB Local', {
    ...world,
    target: () => dynamodbTarget(useDynamodb()),
    guarantees: ['EFFECTIVELY_ONCE'],
    repeatsAreRows: false,
  });
});
