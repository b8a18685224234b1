import { PulsarIoError } from '../core/errors.ts';
import type { Lease } from '../core/lease.ts';
import type { RunRequest } from '../core/run-request.ts';
import type { RunDeps } from './run-deps.ts';

const FIRST_POLL_MS = 100;
const MAX_POLL_MS = 2_000;

/**
 * Acquires the instance's lease. A run that was invoked as a successor asks the holder to hand over and waits for it (GUARANTEES rule 23);
 * any other gives up at once with `PIO_LEASE_HELD`: somebody works already.
 */
export const acquireLease = async (request: RunRequest, runId: string, deps: RunDeps): Promise<Lease> => {
  const { leases, clock, settings } = deps;
  const { uid, instance } = request;
  const giveUpAtMs = clock.monotonicMs() + settings.handOverWaitMs;
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 2, MAX_POLL_MS)) {
    try {
      return await leases.acquire(uid, instance, runId);
    } catch (error) {
      const isHeld = error instanceof PulsarIoError && error.code === 'PIO_LEASE_HELD';
      if (!isHeld || !request.handOver || clock.monotonicMs() >= giveUpAtMs) throw error;
    }
    await leases.want(uid, instance, runId);
    await clock.sleep(pollMs);
  }
};
