import { connectorPath, desiredState, type SourceConnector } from '../core/connector.ts';
import { inboxPublisher } from '../core/source-runs.ts';
import type { RunDeps } from './run-deps.ts';
import { wakeInstance } from './wake-instance.ts';

/** Starts a run that publishes the inbox, unless one is at work. Best effort: the dispatcher looks every minute. */
export const wakePublisher = async (connector: SourceConnector, deps: RunDeps): Promise<void> => {
  const instance = inboxPublisher(connector);
  if (desiredState(connector, instance) === 'STOPPED') return;
  try {
    await wakeInstance(connector, instance, deps);
  } catch (error) {
    const name = connectorPath(connector.config);
    deps.log.warn('publisher could not be started', { connector: name, error: String(error) });
  }
};
