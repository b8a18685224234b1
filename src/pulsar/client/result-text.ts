import { PulsarError } from '../errors.ts';

/** Codes whose text in npm `pulsar-client` is not the code itself (PULSAR-WIRE 8.9). */
const texts: Readonly<Record<string, string>> = {
  MetadataError: 'BrokerMetadataError',
  PersistenceError: 'BrokerPersistenceError',
  ServiceNotReady: 'Retryable',
  TooManyRequests: 'TooManyLookupRequestException',
  TopicTerminatedError: 'TopicTerminated',
  NotAllowedError: 'ResultNotAllowedError',
  ProducerFenced: 'ResultProducerFenced',
  ConsumerAssignError: 'ResultConsumerAssignError',
  TransactionCoordinatorNotFound: 'ResultTransactionCoordinatorNotFoundError',
  InvalidTxnStatus: 'ResultInvalidTxnStatusError',
  TransactionConflict: 'ResultTransactionConflict',
  TransactionNotFound: 'ResultTransactionNotFound',
  CumulativeAcknowledgementNotAllowedError: 'ResultCumulativeAcknowledgementNotAllowedError',
  Disconnected: 'ResultDisconnected',
  Aborted: 'ResultInterrupted',
  ProtocolError: 'UnknownError',
};

function codeOf(error: unknown): string {
  return error instanceof PulsarError ? error.code : 'UnknownError';
}

/** What npm `pulsar-client` calls the result that an error is. */
export function resultText(error: unknown): string {
  const code = codeOf(error);
  return texts[code] ?? code;
}

/** An error as the public API throws it: the text of npm `pulsar-client`, our code, the detail as cause. */
export function publicError(action: string, error: unknown): PulsarError {
  return new PulsarError(codeOf(error), `Failed to ${action}: ${resultText(error)}`, { cause: error });
}

/** Runs `work`; what it throws is told as "Failed to <action>: …". */
export async function acting<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw publicError(action, error);
  }
}

const NOTHING_TO_WAIT_FOR: Promise<null> = Promise.resolve(null);

/** As {@link acting} for work that often has nothing to wait for, and then costs no promise. */
export function actingNow(action: string, work: () => Promise<unknown> | undefined): Promise<null> {
  try {
    const waiting = work();
    return waiting === undefined ? NOTHING_TO_WAIT_FOR : acting(action, () => waiting.then(() => null));
  } catch (error) {
    return Promise.reject(publicError(action, error));
  }
}
