import { beforeAll } from '@jest/globals';
import { deliveryContract } from '../contracts/delivery.ts';
import { s3Input } from '../e2e/s3-input.ts';
import { sqliteTarget } from '../e2e/sqlite-target.ts';
import { CHANGE_COLUMNS, kinesisInput, tableStreamInput } from '../e2e/streams-input.ts';
import { describeReal, useDynamodb, useMoto, usePulsar } from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

const NAMESPACE = 'public/delivery-aws';
/** What each guarantee's own means are for is seen with other sources of these two kinds; each of these was seen to fail by those of ATLEAST_ONCE, too. */
const world = {
  ...{ broker: usePulsar, namespace: NAMESPACE, repeatsAreRows: true, records: 600, maxKills: 4 },
  target: () => sqliteTarget(),
  guarantees: ['EFFECTIVELY_ONCE'],
} as const;

describeReal('delivery from objects and streams on real servers', ['pulsar', 'moto', 'dynamodb'], () => {
  beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE));
  deliveryContract('S3 (moto), Pulsar 4, SQLite', { ...world, source: 's3', input: () => s3Input(useMoto()) });
  deliveryContract('Kinesis (moto), Pulsar 4, SQLite', {
    ...world,
    source: 'kinesis',
    input: () => kinesisInput(useMoto()),
  });
  deliveryContract('DynamoDB Local, Pulsar 4, SQLite', {
    ...world,
    source: 'dynamodb',
    input: () => tableStreamInput(useDynamodb()),
    target: () => sqliteTarget({ columns: CHANGE_COLUMNS }),
  });
});
