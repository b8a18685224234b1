import type { Connector } from '../../core/connector.ts';
import { NEW_STATUS } from '../../core/instance-status.ts';
import { inParallel } from '../in-parallel.ts';
import type { Call } from '../operation.ts';

/** Counters, failure and back-off of these instances start afresh, as those of a new JVM instance do (PULSAR-ADMIN-CONTRACT 4.2). */
export const resetStatus = async (call: Call, connector: Connector, instances: readonly number[]): Promise<void> => {
  const { leases } = call.deps;
  const fresh = { ...NEW_STATUS, generation: connector.generation };
  await inParallel(instances, (instance) => leases.updateStatus(connector.uid, instance, () => fresh, call.signal));
};
