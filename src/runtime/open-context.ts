import { connectorPath } from '../core/connector.ts';
import type { OpenContext } from '../core/connector-type.ts';
import type { SourceProgress } from '../core/progress.ts';
import { secretOf } from './connector-secrets.ts';
import type { RunContext } from './run-deps.ts';

/** What a connector type's `open` is handed by a run. */
export const openContext = ({
  deps,
  connector,
  instance,
  control,
  secrets,
}: Pick<RunContext, 'deps' | 'connector' | 'instance' | 'control' | 'secrets'>): OpenContext => ({
  connector: connectorPath(connector.config),
  uid: connector.uid,
  instance,
  parallelism: connector.config.parallelism,
  guarantee: connector.config.processingGuarantees,
  createdAtMs: connector.createdAtMs,
  positionOf: async (partition) =>
    (await deps.checkpoints.read<SourceProgress>(connector.uid, partition, control.signal))?.progress.position ??
    undefined,
  signal: control.signal,
  fetch: deps.fetch,
  getSecret: async (name) => {
    const value = await secretOf(connector, name, deps.resolveSecret, control.signal);
    secrets.add(value);
    return value;
  },
});
