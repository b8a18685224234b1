import { type Connector, connectorPath } from '../../core/connector.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { RegisteredConnector } from '../../core/registry.ts';
import { type Answer, done } from '../http/answers.ts';
import { findConnector } from '../lifecycle/find-connector.ts';
import { instanceOf } from '../lifecycle/instance-id.ts';
import { raisedRestarts } from '../lifecycle/raised-restarts.ts';
import { resetStatus } from '../lifecycle/reset-status.ts';
import { instancesOf, startRuns } from '../lifecycle/start-runs.ts';
import type { Call, Operation } from '../operation.ts';

/** POST `/{tenant}/{namespace}/{name}/restart` (PULSAR-ADMIN-CONTRACT 4.2). */
export const restartAll: Operation = async (call) => {
  const registered = await findConnector(call);
  return restart(call, registered, instancesOf(registered.connector));
};

/** POST `/{tenant}/{namespace}/{name}/{instance}/restart`. */
export const restartInstance: Operation = async (call) => {
  const registered = await findConnector(call);
  const { connector } = registered;
  const instance = instanceOf(call, connector);
  if (instance !== undefined) return restart(call, registered, [instance]);
  const id = call.parameters.instance;
  throw new PulsarIoError('PIO_REQUEST_INVALID', `${connectorPath(connector.config)}/${id} doesn't exist`);
};

const restart = async (call: Call, registered: RegisteredConnector, instances: readonly number[]): Promise<Answer> => {
  const changed = restarted(registered.connector, instances, call.deps.clock.nowMs());
  await call.deps.registry.update(registered, changed, call.signal);
  await resetStatus(call, changed, instances);
  await call.deps.queueTriggers?.apply(changed, call.signal);
  await startRuns(call, changed, instances);
  return done();
};

/** Restarting a stopped instance starts it, and here it stays started. */
const restarted = (connector: Connector, instances: readonly number[], nowMs: number): Connector => ({
  ...connector,
  restarts: raisedRestarts(connector, instances),
  instanceStates: {
    ...connector.instanceStates,
    ...Object.fromEntries(stoppedOf(connector, instances).map((id) => [id, 'RUNNING' as const])),
  },
  updatedAtMs: nowMs,
});

const stoppedOf = ({ instanceStates }: Connector, instances: readonly number[]): number[] =>
  instances.filter((id) => instanceStates[String(id)] === 'STOPPED');
