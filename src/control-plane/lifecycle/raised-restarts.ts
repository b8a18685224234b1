import { type Connector, restartsOf } from '../../core/connector.ts';

/** Restart numbers with those of `instances` raised by one: a run that began with the old number ends, and counts begin afresh. */
export const raisedRestarts = (connector: Connector, instances: readonly number[]): Connector['restarts'] => ({
  ...connector.restarts,
  ...Object.fromEntries(instances.map((instance) => [instance, restartsOf(connector, instance) + 1])),
});
