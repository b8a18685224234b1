import { expect, test } from '@jest/globals';
import { TestBroker } from './test-broker.ts';

test.each([2n ** 53n, 2n ** 62n + 1n, 2n ** 63n - 1n, Number.MAX_SAFE_INTEGER])(
  'an answer and a refusal have the request id %s that the client gave',
  async (requestId) => {
    await using broker = await TestBroker.start();
    const client = await broker.connect();
    client.send('LOOKUP', { topic: 'x', requestId });
    expect((await client.next('LOOKUP_RESPONSE')).requestId).toBe(requestId);
    client.send('GET_LAST_MESSAGE_ID', { consumerId: 7, requestId });
    expect((await client.next('ERROR')).requestId).toBe(requestId);
  },
);
