import { type Connector, restartsOf } from '../../core/connector.ts';
import { NEW_STATUS } from '../../core/instance-status.ts';
import { inParallel } from '../in-parallel.ts';
import type { Call } from '../operation.ts';

/**
 * Counters, failure and back-off of these instances start afresh, as those of a new JVM instance do (PULSAR-ADMIN-CONTRACT 4.2). A run that is still
 * ending writes its own once more; the next run sees by the restart number that they are not its. So it is best effort: events that add to the same status all the time
 * may win every race, and the change that was asked for is stored already.
 */
export const resetStatus = async (call: Call, connector: Connector, instances: readonly number[]): Promise<void> => {
  const { leases } = call.deps;
  await inParallel(instances, (instance) => {
    const fresh = { ...NEW_STATUS, generation: connector.generation, restarts: restartsOf(connector, instance) };
    return leases.updateStatus(connector.uid, instance, () => fresh, call.signal).catch(call.deps.onError);
  });
};
