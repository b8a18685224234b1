import { PulsarError } from '../errors.ts';
import { orAborted } from '../network/connection-pool.ts';
import { abortedError } from '../network/request-table.ts';
import { acting } from './result-text.ts';

/** An addition to every method that waits. */
export interface WaitOptions {
  /** Ends the wait, which then rejects with code Aborted; what was under way may still take effect. */
  signal?: AbortSignal | undefined;
}

/** Runs `work` as `acting` does, and waits no longer than until the signal fires. */
export function actingUntil<T>(action: string, options: WaitOptions | undefined, work: () => Promise<T>): Promise<T> {
  const signal = options?.signal;
  if (signal === undefined) return acting(action, work);
  return acting(action, async () => {
    if (signal.aborted) throw abortedError(action, signal);
    return orAborted(work(), action, signal);
  });
}

/** Gives what `receive` gives, until what receives is closed. */
export async function* untilClosed<T>(receive: () => Promise<T>): AsyncGenerator<T, void, undefined> {
  for (;;) {
    let received: T;
    try {
      received = await receive();
    } catch (error) {
      if (error instanceof PulsarError && error.code === 'AlreadyClosed') return;
      throw error;
    }
    yield received;
  }
}

/** Closes for `await using`; what is closed already is left alone. */
export async function disposing(close: () => Promise<unknown>): Promise<void> {
  try {
    await close();
  } catch (error) {
    if (!(error instanceof PulsarError && error.code === 'AlreadyClosed')) throw error;
  }
}
