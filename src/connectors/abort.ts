import { PulsarIoError } from '../core/errors.ts';

/** Throws `PIO_ABORTED` when the run is ending; `doing` says what is given up. */
export const throwIfAborted = (signal: AbortSignal, doing: string): void => {
  if (signal.aborted) throw aborted(signal, doing);
};

/** The error of an operation that was given up because its signal was aborted. */
export const aborted = (signal: AbortSignal, doing: string): PulsarIoError =>
  new PulsarIoError('PIO_ABORTED', `${doing}: the run ends`, { cause: signal.reason });

/** `work`, or `PIO_ABORTED` as soon as the run ends: for work that takes no signal. What it still does then is not waited for. */
export const orAborted = async <T>(work: Promise<T>, signal: AbortSignal, doing: string): Promise<T> => {
  throwIfAborted(signal, doing);
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(aborted(signal, doing));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
};
