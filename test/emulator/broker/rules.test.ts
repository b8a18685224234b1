import { afterAll, beforeAll } from '@jest/globals';
import { brokerRulesContract } from '../../contracts/broker-rules.ts';
import { TestBroker } from './test-broker.ts';

let broker: TestBroker;
beforeAll(async () => {
  broker = await TestBroker.start({ livenessCheckMs: 1_500 });
});
afterAll(() => broker[Symbol.asyncDispose]());

brokerRulesContract('the embedded broker', () => ({
  connect: () => broker.connect(),
  admin: (method, path, body) => broker.admin(method, path, body),
  killAndRestart: () => broker.killAndRestart(),
  namespace: 'public/default',
}));
