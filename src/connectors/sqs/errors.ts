import type { ErrorCode } from '../../core/error-codes.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { awsText, isMisconfigured } from '../aws/errors.ts';

/** Whose error it is. */
export type Side = 'SOURCE' | 'SINK';

/** Names of SQS's own errors that mean a wrong queue, right or key, from the service's model; the first of each pair is the JSON protocol's, the second the query protocol's. */
const MISCONFIGURED = new Set([
  'QueueDoesNotExist',
  'AWS.SimpleQueueService.NonExistentQueue',
  'InvalidAddress',
  'InvalidSecurity',
  'UnsupportedOperation',
  'KmsAccessDenied',
  'KmsDisabled',
  'KmsInvalidState',
  'KmsNotFound',
  'KmsOptInRequired',
]);

/** What is wrong, for the names that do not say it. */
const ADVICE: Readonly<Record<string, string>> = {
  QueueDoesNotExist: 'there is no such queue in this region and account; create it',
  'AWS.SimpleQueueService.NonExistentQueue': 'there is no such queue in this region and account; create it',
  CredentialsProviderError: 'no credentials: give the function a role, or set awsCredentialPluginParam',
};

/** An error of the SQS client as ours; `doing` says what was asked of which queue. */
export const sqsError = (error: unknown, doing: string, side: Side, signal?: AbortSignal): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  if (signal?.aborted) return new PulsarIoError('PIO_ABORTED', `${doing}: the run ends`, { cause: error });
  const { name = 'Error' } = error as Partial<Error>;
  const isWrong = MISCONFIGURED.has(name) || isMisconfigured(error);
  const code: ErrorCode = isWrong ? `PIO_${side}_MISCONFIGURED` : `PIO_${side}_UNAVAILABLE`;
  const text = ADVICE[name] ? `${name}: ${ADVICE[name]}` : awsText(error);
  return new PulsarIoError(code, `${doing}: ${text}`, { cause: error });
};
