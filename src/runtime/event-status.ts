import type { SourceConnector } from '../core/connector.ts';
import { KEPT_EXCEPTIONS } from '../core/instance-status.ts';
import type { RunCounters } from '../core/run-counters.ts';
import type { RunDeps } from './run-deps.ts';

/** Adds one event's counts to an instance's. Best effort: the records matter more than their count. */
export const addToStatus = async (
  { uid, generation }: SourceConnector,
  instance: number,
  counters: RunCounters,
  deps: RunDeps,
): Promise<void> => {
  const counted = counters.status({});
  const latest = <T>(before: readonly T[], more: readonly T[]): readonly T[] =>
    [...before, ...more].slice(-KEPT_EXCEPTIONS);
  await deps.leases
    .updateStatus(uid, instance, (status) => ({
      ...status,
      phase: 'running',
      generation,
      numReceived: status.numReceived + counted.numReceived,
      numWritten: status.numWritten + counted.numWritten,
      numDeadLettered: status.numDeadLettered + counted.numDeadLettered,
      numDropped: status.numDropped + counted.numDropped,
      numSystemExceptions: status.numSystemExceptions + counted.numSystemExceptions,
      latestSystemExceptions: latest(status.latestSystemExceptions, counted.latestSystemExceptions),
      numConnectorExceptions: status.numConnectorExceptions + counted.numConnectorExceptions,
      latestConnectorExceptions: latest(status.latestConnectorExceptions, counted.latestConnectorExceptions),
      ...(counted.lastFailure && { lastFailure: counted.lastFailure }),
      lastReceivedTimeMs: Math.max(status.lastReceivedTimeMs, counted.lastReceivedTimeMs),
    }))
    .catch((error: unknown) => deps.log.warn('status could not be updated', { error: String(error) }));
};
