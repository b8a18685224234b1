import type middy from '@middy/core';
import { acknowledgeFrontier, holdBackFollowing } from './acknowledge.ts';
import { moveFrontier, type SinkBatch, settledPrefix } from './sink-batch.ts';

/**
 * EFFECTIVELY_ONCE of a sink (GUARANTEES 5, EO-SINK steps 5 and 6). A transactional target has moved the frontier in the transaction of the
 * write; for a versioned one it is moved here, fenced, after writes that a replay repeats with equal versions. The acknowledgement is only cleanup.
 */
export const effectivelyOnceSink = (): middy.MiddlewareObj<SinkBatch, void> => ({
  before: async ({ event: batch }): Promise<void> => {
    batch.commitsInTarget = batch.frontier?.isInTarget === true;
    batch.writesInTurn = batch.route === 'idempotent';
  },
  after: async ({ event: batch }): Promise<void> => {
    // Dead letters come back this way under ATLEAST_ONCE, too.
    if (!batch.commitsInTarget && batch.route !== 'versioned') holdBackFollowing(batch);
    if (!batch.commitsInTarget) await moveFrontier(batch, settledPrefix(batch));
    await acknowledgeFrontier(batch);
  },
});
