import { type PulsarIoError, toPulsarIoError } from '../core/errors.ts';

/** The error of a call that its caller gave up: the signal's reason when that is ours, else `PIO_ABORTED` with the reason as cause. */
export const abortError = (signal: AbortSignal, doing: string): PulsarIoError =>
  toPulsarIoError(signal.reason, 'PIO_ABORTED', doing);

/** Throws {@link abortError} when the signal is aborted. */
export const throwIfAborted = (signal: AbortSignal | undefined, doing: string): void => {
  if (signal?.aborted) throw abortError(signal, doing);
};
