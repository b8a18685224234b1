import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PulsarIoError } from '../core/errors.ts';

/** Invokes a function asynchronously; throws `PIO_INTERNAL` when it was not accepted in time. */
export type InvokeFunction = (functionName: string, payload: object) => Promise<void>;

const DEFAULT_TIMEOUT_MS = 5_000;

/** Invokes functions through AWS Lambda (`InvocationType: Event`). `timeoutMs`: longest wait for the answer. */
export const functionInvoker = (timeoutMs = DEFAULT_TIMEOUT_MS): InvokeFunction => {
  const client = new LambdaClient({});
  return async (functionName, payload) => {
    const command = new InvokeCommand({
      FunctionName: functionName,
      InvocationType: 'Event',
      Payload: JSON.stringify(payload),
    });
    try {
      await client.send(command, { abortSignal: AbortSignal.timeout(timeoutMs) });
    } catch (cause) {
      const why = `invoking function ${functionName} failed: ${(cause as Error).message}`;
      throw new PulsarIoError('PIO_INTERNAL', why, { cause });
    }
  };
};
