import { INSPECTION_MS, type Inspect, type InspectionAnswer } from '../core/inspection.ts';
import type { RunRequest } from '../core/run-request.ts';
import { callFunction, functionInvoker } from './invoke-function.ts';

/** How runs are invoked. */
export interface InvokerOptions {
  /** Names of the runner functions are `<prefix>source` and `<prefix>sink`. */
  readonly functionPrefix: string;
  /** Longest wait for the answer, in milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * Invokes runner functions. They are deployed without asynchronous retries, and the payload says until when and for which generation it is meant, so that a late or doubled
 * invocation is harmless (GUARANTEES rule 22).
 */
export const lambdaInvoker = ({ functionPrefix, timeoutMs }: InvokerOptions) => {
  const invoke = functionInvoker(timeoutMs);
  return (request: RunRequest): Promise<void> => invoke(`${functionPrefix}${request.kind}`, request);
};

/** More than an inspection takes: a cold start of the runner. */
const INSPECTION_TIMEOUT_MS = INSPECTION_MS + 6_000;

/** Has the runner functions inspect, and waits for the answer: they have the drivers, and the way to the systems. */
export const lambdaInspector =
  ({ functionPrefix }: InvokerOptions): Inspect =>
  async (request, signal) => {
    const limit = AbortSignal.any([AbortSignal.timeout(INSPECTION_TIMEOUT_MS), ...(signal ? [signal] : [])]);
    return (await callFunction(`${functionPrefix}${request.connector.kind}`, request, limit)) as InspectionAnswer;
  };
