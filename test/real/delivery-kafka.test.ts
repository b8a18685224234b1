import { beforeAll } from '@jest/globals';
import { deliveryContract } from '../contracts/delivery.ts';
import { kafkaInput } from '../e2e/kafka-input.ts';
import { kafkaTarget } from '../e2e/kafka-target.ts';
import { describeReal, useKafka, usePulsar } from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

const NAMESPACE = 'public/delivery-kafka';

describeReal('delivery from Kafka to Kafka on real servers', ['pulsar', 'kafka'], () => {
  beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE));
  deliveryContract('Kafka 4.3, Pulsar 4.0, Kafka 4.3', {
    broker: usePulsar,
    namespace: NAMESPACE,
    source: 'kafka',
    input: () => kafkaInput(useKafka()),
    target: () => kafkaTarget(useKafka()),
    repeatsAreRows: true,
    records: 1_500,
    maxKills: 4,
  });
});
