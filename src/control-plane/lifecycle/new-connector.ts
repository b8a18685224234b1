import type { CommonConfig, Connector, DesiredState } from '../../core/connector.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { type Call, nameOf } from '../operation.ts';

/** A connector of that configuration as create stores it; with `isStopped`, every instance stopped. */
export const newConnector = (
  { deps, words }: Call,
  type: string,
  config: CommonConfig,
  isStopped: boolean,
): Connector => {
  const nowMs = deps.clock.nowMs();
  return {
    kind: words.kind,
    uid: deps.newUid(),
    type,
    generation: 1,
    instanceStates: isStopped ? statesOf(config.parallelism, 'STOPPED') : {},
    restarts: {},
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    config,
  } as Connector;
};

const statesOf = (parallelism: number, state: DesiredState): Connector['instanceStates'] =>
  Object.fromEntries(Array.from({ length: parallelism }, (_, instance) => [instance, state]));

/** Throws `PIO_REQUEST_INVALID` when Pulsar has no such tenant or namespace. */
export const checkNamespace = async (call: Call): Promise<void> => {
  const { tenant, namespace } = nameOf(call);
  const { pulsar } = call.deps;
  if (!pulsar) return;
  const namespaces = await pulsar.namespaces(tenant, call.signal);
  if (!namespaces) throw new PulsarIoError('PIO_REQUEST_INVALID', 'Tenant does not exist');
  if (!namespaces.includes(`${tenant}/${namespace}`)) {
    throw new PulsarIoError('PIO_REQUEST_INVALID', 'Namespace does not exist');
  }
};
