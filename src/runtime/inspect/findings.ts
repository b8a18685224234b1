import type { ErrorCode } from '../../core/error-codes.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { Finding } from '../../core/inspection.ts';

/** What usually helps, by code. */
const ADVICE: Readonly<Partial<Record<ErrorCode, string>>> = {
  PIO_ABORTED: 'Nobody answered in time: check the address, and that the functions may reach it',
  PIO_PULSAR_UNAVAILABLE:
    'Check pulsarServiceUrl and pulsarAdminUrl of the deployment, and that the functions may reach them',
  PIO_PULSAR_REFUSED:
    "Check the deployment's pulsarToken, and what its role was granted: pulsar-admin namespaces permissions",
  PIO_SECRET_UNAVAILABLE: 'Store the secret below secretsPath, or correct the reference in "secrets"',
  PIO_SINK_UNAVAILABLE: 'Check the address in "configs", and that the functions may reach it',
  PIO_SOURCE_UNAVAILABLE: 'Check the address in "configs", and that the functions may reach it',
  PIO_SINK_MISCONFIGURED: 'Create what is missing in the target, or correct "configs"',
  PIO_SOURCE_MISCONFIGURED: 'Create what is missing in the source system, or correct "configs"',
};

/** What went well. */
export const good = (side: Finding['side'], what: string): Finding => ({ side, ok: true, what });

/** What went wrong, with the error's own words. */
export const bad = (side: Finding['side'], error: unknown): Finding => {
  const what = error instanceof Error ? error.message : String(error);
  const advice = error instanceof PulsarIoError ? ADVICE[error.code] : ADVICE.PIO_ABORTED;
  return { side, ok: false, what, ...(advice && { advice }) };
};

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
