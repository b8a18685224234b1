import { type Connector, desiredState } from '../../core/connector.ts';
import { isSurplus } from '../../core/parallelism.ts';
import { hasRuns } from '../../core/source-runs.ts';
import { inParallel } from '../in-parallel.ts';
import type { Call } from '../operation.ts';

/** How long a call starts runs, in milliseconds; the dispatcher starts the others within a minute. */
const START_FOR_MS = 5_000;

/** How long an invocation may wait before it is too old to be obeyed (GUARANTEES rule 22), in milliseconds. */
const RUN_REQUEST_VALID_MS = 60_000;

/**
 * Starts runs of these instances, as far as they should run, and notes them as scheduled. Best effort: the dispatcher repairs what fails.
 * Event sources have no runs: their events start them. Instances that only backlog calls for are left to the dispatcher, which looks at it.
 */
export const startRuns = async (call: Call, connector: Connector, instances: readonly number[]): Promise<void> => {
  const wanted = instances.filter((instance) => desiredState(connector, instance) === 'RUNNING');
  const endMs = call.deps.clock.monotonicMs() + START_FOR_MS;
  await inParallel(wanted, async (instance) => {
    if (call.deps.clock.monotonicMs() >= endMs) return;
    try {
      if (hasRuns(connector, call.deps.catalogue) && !isSurplus(connector, instance))
        await invoke(call, connector, instance);
      await call.deps.leases.updateStatus(connector.uid, instance, (status) => status, call.signal);
    } catch (error) {
      call.deps.onError(error);
    }
  });
};

const invoke = ({ deps }: Call, { kind, uid, generation, config }: Connector, instance: number): Promise<void> =>
  deps.invokeRun({
    kind,
    tenant: config.tenant,
    namespace: config.namespace,
    name: config.name,
    uid,
    generation,
    instance,
    notAfterMs: deps.clock.nowMs() + RUN_REQUEST_VALID_MS,
    // A run from before the change is still ending: the new one waits for it, instead of for the next tick.
    handOver: true,
  });

/** Ids of all instances. */
export const instancesOf = ({ config }: Connector): number[] =>
  Array.from({ length: config.parallelism }, (_, id) => id);
