import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PulsarIoError } from '../core/errors.ts';
import type { RunRequest } from '../core/run-request.ts';

/** How runs are invoked. */
export interface InvokerOptions {
  /** Names of the runner functions are `<prefix>source` and `<prefix>sink`. */
  readonly functionPrefix: string;
  /** Longest wait for the answer, in milliseconds. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;

/**
 * Invokes runner functions asynchronously (`InvocationType: Event`). The functions are deployed without asynchronous retries, and the payload says until when and
 * for which generation it is meant, so that a late or doubled invocation is harmless (GUARANTEES rule 22).
 */
export const lambdaInvoker = ({ functionPrefix, timeoutMs = DEFAULT_TIMEOUT_MS }: InvokerOptions) => {
  const client = new LambdaClient({});
  return async (request: RunRequest): Promise<void> => {
    const FunctionName = `${functionPrefix}${request.kind}`;
    const command = new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: JSON.stringify(request) });
    try {
      await client.send(command, { abortSignal: AbortSignal.timeout(timeoutMs) });
    } catch (cause) {
      throw new PulsarIoError('PIO_INTERNAL', `invoking function ${FunctionName} failed: ${(cause as Error).message}`, {
        cause,
      });
    }
  };
};
