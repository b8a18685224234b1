import { PulsarIoError } from '../../core/errors.ts';
import { bad } from '../../core/findings.ts';
import type { Finding } from '../../core/inspection.ts';

/** Thrown to end an inspection with what was found; the findings before it stand. */
export class InspectionEnd extends Error {
  readonly finding: Finding;

  constructor(finding: Finding) {
    super(finding.what);
    this.finding = finding;
  }
}

/** Resolves as `work` does; its failure, or the end of the time, ends the inspection with a finding on `side`. */
export const step = async <T>(
  side: Finding['side'],
  signal: AbortSignal,
  doing: string,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    signal.throwIfAborted();
    return await Promise.race([work(), expired(signal, doing)]);
  } catch (error) {
    throw new InspectionEnd(bad(side, error));
  }
};

const expired = (signal: AbortSignal, doing: string): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new PulsarIoError('PIO_ABORTED', `${doing}: no answer in time`)), {
      once: true,
    });
  });
