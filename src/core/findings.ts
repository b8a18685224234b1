import type { ErrorCode } from './error-codes.ts';
import { PulsarIoError } from './errors.ts';
import type { Finding } from './inspection.ts';

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
