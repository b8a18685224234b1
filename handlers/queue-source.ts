import middy from '@middy/core';
import type { SQSBatchResponse } from 'aws-lambda';
import { createQueueEvents } from '../src/runtime/queue-events.ts';
import { once, wireRuns } from './wiring.ts';

const queueEvents = once(async () => createQueueEvents(await wireRuns()));

/** Messages that Lambda received from a queue; event source mappings with `ReportBatchItemFailures` call it. */
export const handler = middy<unknown, SQSBatchResponse>().handler(async (event, _context, { signal }) =>
  (await queueEvents())(event, signal),
);
