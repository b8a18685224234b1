import type { RegisteredConnector } from '../../core/registry.ts';
import type { Call } from '../operation.ts';
import { awaitRuns } from './await-runs.ts';
import { deleteGuards } from './delete-guards.ts';
import { deleteSubscriptions } from './delete-subscriptions.ts';
import { instancesOf } from './start-runs.ts';

/**
 * Cleans up behind a connector that is marked `deleting`, then removes it. Every step may be repeated, so a deletion that broke off anywhere is
 * finished by calling this again. A run that is still alive after the wait loses its lease and is fenced by the removal of its checkpoints.
 * Throws `PIO_PULSAR_UNAVAILABLE` when subscriptions could not be looked at: the connector stays marked.
 */
export const finishDeletion = async (call: Call, registered: RegisteredConnector): Promise<void> => {
  const { deps, signal } = call;
  const { connector } = registered;
  await deps.queueTriggers?.remove(connector, signal);
  await awaitRuns(call, connector, instancesOf(connector));
  if (deps.pulsar && connector.kind === 'sink' && connector.config.cleanupSubscription) {
    await deleteSubscriptions(call, deps.pulsar, connector);
  }
  if (deps.pulsar && connector.kind === 'source' && connector.config.topicName) {
    await deleteGuards(call, deps.pulsar, connector);
  }
  await deps.checkpoints.deleteAll(connector.uid, signal);
  await deps.inbox.deleteAll(connector.uid, signal);
  await deps.registry.remove(registered, signal);
};
