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

/** Calls a function through AWS Lambda and resolves with what it returned. Throws `PIO_INTERNAL` when it failed or did not answer in time; its own words, which may hold anything, are not told. */
export const callFunction = async (functionName: string, payload: object, signal: AbortSignal): Promise<unknown> => {
  const command = new InvokeCommand({
    FunctionName: functionName,
    InvocationType: 'RequestResponse',
    Payload: JSON.stringify(payload),
  });
  try {
    const { FunctionError, Payload } = await new LambdaClient({}).send(command, { abortSignal: signal });
    if (FunctionError !== undefined) throw new Error(FunctionError);
    return JSON.parse(Buffer.from(Payload ?? []).toString('utf8'));
  } catch (cause) {
    const why = `calling function ${functionName} failed: ${(cause as Error).message}`;
    throw new PulsarIoError('PIO_INTERNAL', why, { cause });
  }
};
