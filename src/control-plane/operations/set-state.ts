import { type Connector, type DesiredState, desiredState } from '../../core/connector.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { RegisteredConnector } from '../../core/registry.ts';
import { type Answer, done } from '../http/answers.ts';
import { findConnector } from '../lifecycle/find-connector.ts';
import { instanceOf } from '../lifecycle/instance-id.ts';
import { raisedRestarts } from '../lifecycle/raised-restarts.ts';
import { resetStatus } from '../lifecycle/reset-status.ts';
import { instancesOf, startRuns } from '../lifecycle/start-runs.ts';
import type { Call, Operation } from '../operation.ts';

/** POST `/{tenant}/{namespace}/{name}/start` and `/stop` (PULSAR-ADMIN-CONTRACT 4.1): at least one instance must change. */
export const setAllStates =
  (state: DesiredState): Operation =>
  async (call) => {
    const registered = await findConnector(call);
    const { connector } = registered;
    if (!isAnyOther(connector, state)) throw notPermitted();
    return change(call, registered, state, instancesOf(connector));
  };

/** POST `/{tenant}/{namespace}/{name}/{instance}/start` and `/stop`: the instance must change. */
export const setInstanceState =
  (state: DesiredState): Operation =>
  async (call) => {
    const registered = await findConnector(call);
    const { connector } = registered;
    const instance = instanceOf(call, connector);
    if (instance === undefined || desiredState(connector, instance) === state) throw notPermitted();
    return change(call, registered, state, [instance]);
  };

const notPermitted = (): PulsarIoError => new PulsarIoError('PIO_REQUEST_INVALID', 'Operation not permitted');

/** Ids that a smaller parallelism left behind count, as they do in Pulsar. */
const isAnyOther = (connector: Connector, state: DesiredState): boolean =>
  instancesOf(connector).some((instance) => desiredState(connector, instance) !== state) ||
  Object.values(connector.instanceStates).some((each) => each !== state);

const change = async (
  call: Call,
  registered: RegisteredConnector,
  state: DesiredState,
  instances: readonly number[],
): Promise<Answer> => {
  const changed = withStates(registered.connector, state, instances, call.deps.clock.nowMs());
  await call.deps.registry.update(registered, changed, call.signal);
  if (state === 'RUNNING') await resetStatus(call, changed, instances);
  await call.deps.queueTriggers?.apply(changed, call.signal);
  if (state === 'RUNNING') await startRuns(call, changed, instances);
  return done();
};

/** The first change writes a state for every instance, as Pulsar does. */
const withStates = (
  connector: Connector,
  state: DesiredState,
  instances: readonly number[],
  nowMs: number,
): Connector => ({
  ...connector,
  instanceStates: {
    ...Object.fromEntries(instancesOf(connector).map((instance) => [instance, desiredState(connector, instance)])),
    ...connector.instanceStates,
    ...Object.fromEntries(instances.map((instance) => [instance, state])),
  },
  ...(state === 'RUNNING' && { restarts: raisedRestarts(connector, instances) }),
  updatedAtMs: nowMs,
});
