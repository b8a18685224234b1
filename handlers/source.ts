import middy from '@middy/core';
import { type InspectionAnswer, type InspectionRequest, isInspection } from '../src/core/inspection.ts';
import { type RunRequest, readRunRequest } from '../src/core/run-request.ts';
import { inspect } from '../src/runtime/inspect/inspect.ts';
import { type RunReport, runInstance } from '../src/runtime/instance-run.ts';
import { sourceWork } from '../src/runtime/source-run.ts';
import { once, wireRuns } from './wiring.ts';

const deps = once(wireRuns);

/** One run of one source instance; invoked asynchronously by the dispatcher, the control plane or the run before it. Or an inspection, for whose answer the control plane waits. */
export const handler = middy<RunRequest | InspectionRequest, RunReport | InspectionAnswer>({
  timeoutEarlyInMillis: 0,
}).handler(async (request, context) =>
  isInspection(request)
    ? inspect(request, await deps())
    : runInstance(readRunRequest(request), () => context.getRemainingTimeInMillis(), await deps(), sourceWork),
);
