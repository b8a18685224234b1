import type { SourceConnector } from '../core/connector.ts';
import type { RunDeps } from './run-deps.ts';

/** How long the invocation of a run may wait before it is too old to be obeyed, in milliseconds. */
const REQUEST_LIFE_MS = 60_000;

/** Starts a run of an instance, unless one is at work. Throws what the invocation throws. */
export const wakeInstance = async (connector: SourceConnector, instance: number, deps: RunDeps): Promise<void> => {
  const { uid, generation, config } = connector;
  const { tenant, namespace, name } = config;
  const nowMs = deps.clock.nowMs();
  const state = await deps.leases.read(uid, instance);
  if (state && state.runId !== null && state.expiresAtMs > nowMs) return;
  const notAfterMs = nowMs + REQUEST_LIFE_MS;
  await deps.invokeRun({ kind: 'source', tenant, namespace, name, uid, generation, instance, notAfterMs });
};
