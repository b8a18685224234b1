import middy from '@middy/core';
import type { SQSBatchResponse } from 'aws-lambda';
import { createStreamEvents } from '../src/runtime/stream-events.ts';
import { once, wireRuns } from './wiring.ts';

const streamEvents = once(async () => createStreamEvents(await wireRuns()));

/** Lambda's word that a Kinesis or DynamoDB stream has something new; event source mappings with `ReportBatchItemFailures` call it. */
export const handler = middy<unknown, SQSBatchResponse>().handler(async (event) => (await streamEvents())(event));
