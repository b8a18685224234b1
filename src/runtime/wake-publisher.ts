import { connectorPath, desiredState, type SourceConnector } from '../core/connector.ts';
import { inboxPublisher } from '../core/source-runs.ts';
import type { RunDeps } from './run-deps.ts';

/** How long the invocation of a run may wait before it is too old to be obeyed, in milliseconds. */
const REQUEST_LIFE_MS = 60_000;

/** Starts a run that publishes the inbox, unless one is at work. Best effort: the dispatcher looks every minute. */
export const wakePublisher = async (connector: SourceConnector, deps: RunDeps): Promise<void> => {
  const { uid, generation, config } = connector;
  const { tenant, namespace, name } = config;
  const instance = inboxPublisher(connector);
  if (desiredState(connector, instance) === 'STOPPED') return;
  const nowMs = deps.clock.nowMs();
  try {
    const state = await deps.leases.read(uid, instance);
    if (state && state.runId !== null && state.expiresAtMs > nowMs) return;
    const notAfterMs = nowMs + REQUEST_LIFE_MS;
    await deps.invokeRun({ kind: 'source', tenant, namespace, name, uid, generation, instance, notAfterMs });
  } catch (error) {
    deps.log.warn('publisher could not be started', { connector: connectorPath(config), error: String(error) });
  }
};
