import { ConditionalCheckFailedException, DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { PulsarIoError } from '../../core/errors.ts';
import { abortError } from '../abort.ts';

/** Whether a write's condition did not hold. */
export const isConditionFailure = (error: unknown): error is ConditionalCheckFailedException =>
  error instanceof ConditionalCheckFailedException;

/** Whether a failed write surely changed nothing: its only try was refused for what was asked. After a lost answer nothing is sure. */
export const isSurelyRefused = (error: unknown): boolean =>
  error instanceof DynamoDBServiceException && error.$fault === 'client' && error.$metadata.attempts === 1;

/**
 * Our error of a failed call: ours as it is; `PIO_ABORTED` when the caller gave up; `PIO_INTERNAL` for a request that DynamoDB
 * calls wrong; else `PIO_STORE_UNAVAILABLE` with DynamoDB's name of the problem: throttled, a 5xx, no answer, no table, no rights.
 */
export const dynamodbError = (error: unknown, doing: string, signal: AbortSignal | undefined): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  if (signal?.aborted) return abortError(signal, doing);
  const { name, message } = error as Error;
  const code = name === 'ValidationException' ? 'PIO_INTERNAL' : 'PIO_STORE_UNAVAILABLE';
  return new PulsarIoError(code, `${doing}: ${name}: ${message || 'no answer'}`, { cause: error });
};
