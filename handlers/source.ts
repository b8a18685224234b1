import middy from '@middy/core';
import { type RunRequest, readRunRequest } from '../src/core/run-request.ts';
import { type RunReport, runInstance } from '../src/runtime/instance-run.ts';
import { sourceWork } from '../src/runtime/source-run.ts';
import { once, wireRuns } from './wiring.ts';

const deps = once(wireRuns);

/** One run of one source instance; invoked asynchronously by the dispatcher, the control plane or the run before it. */
export const handler = middy<RunRequest, RunReport>({ timeoutEarlyInMillis: 0 }).handler(async (request, context) =>
  runInstance(readRunRequest(request), () => context.getRemainingTimeInMillis(), await deps(), sourceWork),
);
