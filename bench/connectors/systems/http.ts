import { concurrently } from '../../../src/core/concurrently.ts';
import { httpTarget } from '../../../test/e2e/http-target.ts';
import type { System } from '../system.ts';

/** Requests under way. */
const REQUESTS = 8;

/** HTTP: `fetch` of one record each, with 8 under way. */
export const http = async (): Promise<System> => ({
  sink: {
    records: 3_000,
    target: httpTarget,
    modes: { '': { concurrency: REQUESTS } },
    guarantees: ['ATLEAST_ONCE'],
    raw:
      async ({ configs }, batches) =>
      async () => {
        for (const batch of batches) {
          await concurrently(batch, REQUESTS, async ({ key, bytes }) => {
            const headers = { 'Idempotency-Key': key as string, 'content-type': 'application/json' };
            const response = await fetch(String(configs.url), { method: 'POST', headers, body: bytes as Buffer });
            await response.arrayBuffer();
          });
        }
      },
  },
  [Symbol.asyncDispose]: async () => undefined,
});
