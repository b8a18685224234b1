import { beforeAll } from '@jest/globals';
import { deliveryContract } from '../contracts/delivery.ts';
import { sqliteTarget } from '../e2e/sqlite-target.ts';
import { sqsInput } from '../e2e/sqs-input.ts';
import { describeReal, useElasticmq, usePulsar } from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

const NAMESPACE = 'public/delivery-sqs';

describeReal('delivery from a queue on real servers', ['pulsar', 'elasticmq'], () => {
  beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE));
  deliveryContract('SQS (ElasticMQ), Pulsar 4, SQLite', {
    broker: usePulsar,
    namespace: NAMESPACE,
    source: 'sqs',
    input: () => sqsInput(useElasticmq()),
    target: () => sqliteTarget(),
    repeatsAreRows: true,
    records: 600,
    maxKills: 4,
  });
});
