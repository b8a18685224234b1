import { PulsarIoError } from '../../core/errors.ts';

/** Names of errors that mean a wrong name, right or credential: they heal when an operator mends them, not by trying on. From the services' models and AWS's common errors. */
const MISCONFIGURED = new Set([
  'NoSuchBucket',
  'PermanentRedirect',
  'AllAccessDisabled',
  'ResourceNotFoundException',
  'AccessDenied',
  'AccessDeniedException',
  'Forbidden',
  'InvalidAccessKeyId',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'ExpiredToken',
  'ExpiredTokenException',
  'CredentialsProviderError',
  'KMSAccessDeniedException',
  'KMSDisabledException',
  'KMSInvalidStateException',
  'KMSNotFoundException',
  'KMSOptInRequired',
]);

/** True for an error that an operator has to mend, by its name. */
export const isMisconfigured = (name: string): boolean => MISCONFIGURED.has(name);

/** An error of an AWS client as a source's; `doing` says what was asked of what. */
export const awsSourceError = (error: unknown, doing: string, signal: AbortSignal): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  if (signal.aborted) return new PulsarIoError('PIO_ABORTED', `${doing}: the run ends`, { cause: error });
  const { name = 'Error', message = '' } = error as Partial<Error>;
  const code = isMisconfigured(name) ? 'PIO_SOURCE_MISCONFIGURED' : 'PIO_SOURCE_UNAVAILABLE';
  return new PulsarIoError(code, `${doing}: ${name}: ${message || 'no answer'}`, { cause: error });
};
