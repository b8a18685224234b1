import { afterAll, beforeAll } from '@jest/globals';
import { deliveryContract } from '../contracts/delivery.ts';
import { startEmbeddedBroker } from './embedded-broker.ts';
import { sqliteTarget } from './sqlite-target.ts';

let broker: Awaited<ReturnType<typeof startEmbeddedBroker>>;
beforeAll(async () => {
  broker = await startEmbeddedBroker();
});
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
});

deliveryContract('embedded broker, SQLite', {
  broker: () => broker,
  target: () => sqliteTarget(),
  repeatsAreRows: true,
  records: 6_000,
  maxKills: 5,
});
