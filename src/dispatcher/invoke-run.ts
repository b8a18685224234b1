import type { RunRequest } from '../core/run-request.ts';
import { functionInvoker } from './invoke-function.ts';

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
