import { PulsarIoError } from '../core/errors.ts';

/** Throws `PIO_ABORTED` when the run is ending; `doing` says what is given up. */
export const throwIfAborted = (signal: AbortSignal, doing: string): void => {
  if (signal.aborted) throw aborted(signal, doing);
};

/** The error of an operation that was given up because its signal was aborted. */
export const aborted = (signal: AbortSignal, doing: string): PulsarIoError =>
  new PulsarIoError('PIO_ABORTED', `${doing}: the run ends`, { cause: signal.reason });
