import { beforeAll } from '@jest/globals';
import { deliveryContract } from '../contracts/delivery.ts';
import { generatedInput } from '../e2e/generated-input.ts';
import { postgresRowsInput, sqliteRowsInput } from '../e2e/rows-input.ts';
import { PERSON_COLUMNS, sqliteTarget } from '../e2e/sqlite-target.ts';
import { describeReal, usePostgres, usePulsar } from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

const NAMESPACE = 'public/delivery-rows';
const RECORDS = 800;
const world = {
  ...{ broker: usePulsar, namespace: NAMESPACE, repeatsAreRows: true, records: RECORDS, maxKills: 4 },
  target: () => sqliteTarget(),
  guarantees: ['EFFECTIVELY_ONCE', 'ATLEAST_ONCE'],
} as const;

describeReal('delivery of rows and of generated records on a real broker', ['pulsar', 'postgres'], () => {
  beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE));
  deliveryContract('PostgreSQL 15, Pulsar 4, SQLite', {
    ...world,
    source: 'jdbc-postgres',
    input: () => postgresRowsInput(usePostgres()),
  });
  deliveryContract('SQLite, Pulsar 4, SQLite', { ...world, source: 'jdbc-sqlite', input: sqliteRowsInput });
  deliveryContract('Pulsar 4, SQLite', {
    ...world,
    source: 'data-generator',
    input: () => generatedInput(RECORDS),
    target: () => sqliteTarget({ columns: PERSON_COLUMNS }),
  });
});
