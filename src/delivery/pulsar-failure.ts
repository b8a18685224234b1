import type { ErrorCode } from '../core/error-codes.ts';
import { PulsarIoError } from '../core/errors.ts';

/** Conditions of a Pulsar client (ServerError names of PulsarApi.proto, and the client's own) that have a code of their own here; the rest are refusals. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  MessageTooBig: 'PIO_RECORD_TOO_LARGE',
  TopicNotFound: 'PIO_TOPIC_NOT_FOUND',
  ProducerBusy: 'PIO_PULSAR_BUSY',
  ConsumerBusy: 'PIO_PULSAR_BUSY',
  Disconnected: 'PIO_PULSAR_UNAVAILABLE',
  ConnectError: 'PIO_PULSAR_UNAVAILABLE',
  TimeOut: 'PIO_PULSAR_UNAVAILABLE',
  Timeout: 'PIO_PULSAR_UNAVAILABLE',
  ProducerClosed: 'PIO_PULSAR_UNAVAILABLE',
  ConsumerClosed: 'PIO_PULSAR_UNAVAILABLE',
  AlreadyClosed: 'PIO_PULSAR_UNAVAILABLE',
  ServiceNotReady: 'PIO_PULSAR_UNAVAILABLE',
  Aborted: 'PIO_ABORTED',
};

/** Gives an error of the Pulsar client our code, with what was being done in front. Errors of ours pass through. */
export const routeFailure = (cause: unknown, doing: string): PulsarIoError => {
  if (cause instanceof PulsarIoError) return cause;
  const error = cause as { code?: unknown; message?: string; name?: string };
  const condition = error.name === 'AbortError' ? 'Aborted' : String(error.code ?? '');
  const code = CODES[condition] ?? 'PIO_PULSAR_REFUSED';
  return new PulsarIoError(code, `${doing}: ${error.message ?? String(cause)}`, { cause });
};
