import { type Connector, connectorPath, desiredState } from '../../core/connector.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { inParallel } from '../in-parallel.ts';
import type { Call } from '../operation.ts';
import { awaitRuns, isHeld } from './await-runs.ts';
import { instancesOf } from './start-runs.ts';

/**
 * Requires that every instance is stopped and that no run is left, for which it waits a few seconds. Throws `PIO_REQUEST_INVALID` and
 * `PIO_LEASE_HELD`. What rests on it is only that nobody is surprised: runs of the generation before are fenced.
 */
export const requireStopped = async (call: Call, connector: Connector): Promise<void> => {
  const instances = instancesOf(connector);
  const name = `${call.words.title} ${connectorPath(connector.config)}`;
  if (instances.some((instance) => desiredState(connector, instance) !== 'STOPPED')) {
    throw new PulsarIoError(
      'PIO_REQUEST_INVALID',
      `${name} must be stopped for that; POST to its path with /stop first`,
    );
  }
  await awaitRuns(call, connector, instances);
  const held = await inParallel(instances, (instance) => isHeld(call, connector, instance));
  if (held.includes(true)) {
    throw new PulsarIoError(
      'PIO_LEASE_HELD',
      `${name} is stopped, but a run of it has not ended yet; repeat this in some seconds`,
    );
  }
};
