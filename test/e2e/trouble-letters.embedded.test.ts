import { afterAll, beforeAll, describe } from '@jest/globals';
import { FragileBroker } from './trouble-broker.ts';
import { letterTroubles } from './trouble-letters.ts';

describe('on the embedded broker', () => {
  let broker: FragileBroker;
  beforeAll(async () => {
    broker = await (await FragileBroker.reserve()).start();
  });
  afterAll(async () => {
    await broker[Symbol.asyncDispose]();
  });

  letterTroubles('embedded broker', () => broker);
});
