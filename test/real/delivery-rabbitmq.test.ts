import { beforeAll } from '@jest/globals';
import { deliveryContract } from '../contracts/delivery.ts';
import { rabbitmqInput } from '../e2e/rabbitmq-input.ts';
import { rabbitmqTarget } from '../e2e/rabbitmq-target.ts';
import { sqliteTarget } from '../e2e/sqlite-target.ts';
import { describeReal, usePulsar, useRabbitmq } from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

const NAMESPACE = 'public/delivery-rabbitmq';
const world = { broker: usePulsar, namespace: NAMESPACE, repeatsAreRows: true, maxKills: 4 };

describeReal('delivery from and to RabbitMQ on real servers', ['pulsar', 'rabbitmq'], () => {
  beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE));
  deliveryContract('RabbitMQ 3.10, Pulsar 4, SQLite', {
    ...world,
    source: 'rabbitmq',
    input: () => rabbitmqInput(useRabbitmq()),
    target: () => sqliteTarget(),
    guarantees: ['ATLEAST_ONCE', 'EFFECTIVELY_ONCE'],
    records: 600,
  });
  deliveryContract('Pulsar 4, RabbitMQ 3.10', {
    ...world,
    target: () => rabbitmqTarget(useRabbitmq()),
    guarantees: ['ATLEAST_ONCE'],
    records: 2_000,
  });
});
