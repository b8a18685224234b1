import { step } from './findings.ts';
import type { Inspection } from './inspection.ts';

/** Opens a system, works with it, closes it. One that opens after the time is over is closed then. Throws `InspectionEnd` when it cannot be opened. */
export const withOpen = async <O extends { close(): Promise<void> }, T>(
  { signal, type }: Inspection,
  open: () => Promise<O>,
  work: (opened: O) => Promise<T>,
): Promise<T> => {
  const opening = open();
  try {
    return await work(await step('system', signal, `opening ${type.name}`, () => opening));
  } finally {
    // What did not open has nothing to close; a failure to close is no finding.
    const closing = opening.then((opened) => opened.close()).catch(() => undefined);
    if (!signal.aborted) await closing;
  }
};
