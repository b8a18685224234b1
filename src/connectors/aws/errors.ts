import { PulsarIoError } from '../../core/errors.ts';
import { isTlsCode } from '../tls-code.ts';

/**
 * Names of errors that mean a wrong name, right or credential: they heal when an operator mends them, not by trying on. From the services' models and AWS's common errors,
 * of which the JSON protocols write some with `Exception` behind them.
 */
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
  'MissingAuthenticationTokenException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'AuthFailure',
  'NotAuthorized',
  'OptInRequired',
  'InvalidToken',
  'RequestExpired',
  'RequestTimeTooSkewed',
  'ExpiredToken',
  'ExpiredTokenException',
  'CredentialsProviderError',
  'KMSAccessDeniedException',
  'KMSDisabledException',
  'KMSInvalidStateException',
  'KMSNotFoundException',
  'KMSOptInRequired',
]);

/** What is used of an error of an AWS client. */
interface Failure {
  readonly name?: string;
  readonly message?: string;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** What a status means that came without a text, as the answer to a HEAD does. */
const SILENT: Readonly<Record<number, string>> = {
  301: 'it is in another region',
  400: 'credentials that have expired or are malformed, or another region',
  401: 'no credentials',
  403: 'wrong credentials, or no right to it',
};

const silentStatus = ({ name, $metadata }: Failure): number | undefined =>
  name === 'Unknown' || name === 'UnknownError' ? $metadata?.httpStatusCode : undefined;

/** True for an error that an operator has to mend: by its name, by the status of an answer without text, or of TLS. */
export const isMisconfigured = (error: unknown): boolean => {
  const known = error as Failure;
  return MISCONFIGURED.has(known.name ?? '') || isTlsCode(known.code) || (silentStatus(known) ?? 0) in SILENT;
};

/** What an error of an AWS client says. */
export const awsText = (error: unknown): string => {
  const known = error as Failure;
  const status = silentStatus(known);
  if (status !== undefined) return `the server answers ${status}${SILENT[status] ? `: ${SILENT[status]}` : ''}`;
  return `${known.name ?? 'Error'}: ${known.message || String(known.code ?? 'no answer')}`;
};

/** An error of an AWS client as a source's; `doing` says what was asked of what. */
export const awsSourceError = (error: unknown, doing: string, signal: AbortSignal): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  if (signal.aborted) return new PulsarIoError('PIO_ABORTED', `${doing}: the run ends`, { cause: error });
  const code = isMisconfigured(error) ? 'PIO_SOURCE_MISCONFIGURED' : 'PIO_SOURCE_UNAVAILABLE';
  return new PulsarIoError(code, `${doing}: ${awsText(error)}`, { cause: error });
};
