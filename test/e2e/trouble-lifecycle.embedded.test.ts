import { afterAll, beforeAll, describe } from '@jest/globals';
import { FragileBroker } from './trouble-broker.ts';
import { lifecycleTroubles } from './trouble-lifecycle.ts';

describe('on the embedded broker', () => {
  let broker: FragileBroker;
  beforeAll(async () => {
    broker = await (await FragileBroker.reserve()).start();
  });
  afterAll(async () => {
    await broker[Symbol.asyncDispose]();
  });

  lifecycleTroubles('embedded broker', () => broker);
});
