import { type Connector, desiredState } from '../../core/connector.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { json } from '../http/answers.ts';
import { inParallel } from '../in-parallel.ts';
import { findConnector } from '../lifecycle/find-connector.ts';
import { instanceOf } from '../lifecycle/instance-id.ts';
import { instancesOf } from '../lifecycle/start-runs.ts';
import { type InstanceView, statusData } from '../lifecycle/status-data.ts';
import { type Call, nameOf, type Operation } from '../operation.ts';

/** GET `/{tenant}/{namespace}/{name}/status` (PULSAR-ADMIN-CONTRACT 3). */
export const status: Operation = async (call) => {
  const { connector } = await findConnector(call);
  const instances = await inParallel(instancesOf(connector), async (instanceId) => ({
    instanceId,
    status: statusData(call.words, call.deps.workerId, await viewOf(call, connector, instanceId)),
  }));
  const numRunning = instances.filter((instance) => instance.status.running).length;
  return json({ numInstances: instances.length, numRunning, instances });
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

const viewOf = async ({ deps, signal }: Call, connector: Connector, instance: number): Promise<InstanceView> => ({
  desired: desiredState(connector, instance),
  generation: connector.generation,
  stored: (await deps.leases.read(connector.uid, instance, signal))?.status,
});
