import { type Connector, desiredState, restartsOf } from '../../core/connector.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { type InstanceStatus, NEW_STATUS } from '../../core/instance-status.ts';
import { json } from '../http/answers.ts';
import { inParallel } from '../in-parallel.ts';
import { findConnector } from '../lifecycle/find-connector.ts';
import { instanceOf } from '../lifecycle/instance-id.ts';
import { instancesOf } from '../lifecycle/start-runs.ts';
import { type InstanceView, statusData } from '../lifecycle/status-data.ts';
import { waitingOf } from '../lifecycle/waiting.ts';
import { type Call, nameOf, type Operation } from '../operation.ts';

/** GET `/{tenant}/{namespace}/{name}/status` (PULSAR-ADMIN-CONTRACT 3). */
export const status: Operation = async (call) => {
  const { connector } = await findConnector(call);
  const instances = await inParallel(instancesOf(connector), async (instanceId) => ({
    instanceId,
    status: statusData(call.words, call.deps.workerId, await viewOf(call, connector, instanceId)),
  }));
  const numRunning = instances.filter((instance) => instance.status.running).length;
  const waiting = await waitingOf(call, connector);
  return json({ numInstances: instances.length, numRunning, instances, ...(waiting && { details: { waiting } }) });
};

/** GET `/{tenant}/{namespace}/{name}/{instance}/status`: the bare data of one instance. */
export const instanceStatus: Operation = async (call) => {
  const { connector } = await findConnector(call);
  const instance = instanceOf(call, connector);
  if (instance === undefined) {
    const { words, parameters } = call;
    const message = `${words.title} ${nameOf(call).name} doesn't have instance with id ${parameters.instance}`;
    throw new PulsarIoError('PIO_REQUEST_INVALID', message);
  }
  return json(statusData(call.words, call.deps.workerId, await viewOf(call, connector, instance)));
};

/** A run that is this late with its heartbeat is missing: beyond what clocks differ, in milliseconds. */
const MISSING_AFTER_MS = 5_000;

const viewOf = async ({ deps, signal }: Call, connector: Connector, instance: number): Promise<InstanceView> => {
  const state = await deps.leases.read(connector.uid, instance, signal);
  const isMissing = state && state.runId !== null && state.expiresAtMs + MISSING_AFTER_MS < deps.clock.nowMs();
  return {
    desired: desiredState(connector, instance),
    generation: connector.generation,
    stored: state && ofThisLife(connector, instance, state.status),
    runId: state?.runId ?? undefined,
    runs: state?.epoch,
    silentSinceMs: isMissing ? state.expiresAtMs : undefined,
  };
};

/** What a run from before the last start or restart counted is past, although it may still be ending. */
const ofThisLife = (connector: Connector, instance: number, status: InstanceStatus): InstanceStatus => {
  const restarts = restartsOf(connector, instance);
  return status.restarts === restarts ? status : { ...NEW_STATUS, restarts };
};
