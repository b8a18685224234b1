import type { OpenContext } from '../../core/connector-type.ts';
import { writes } from './bins.ts';
import type { AerospikeConfig } from './config.ts';
import { connectAerospike } from './connect.ts';
import { AerospikeSession } from './session.ts';

/** Connects to the cluster; throws `PIO_SINK_MISCONFIGURED`, `PIO_SINK_UNAVAILABLE` and `PIO_DRIVER_MISSING`. */
export const openAerospike = async (
  config: AerospikeConfig,
  { guarantee, signal }: OpenContext,
): Promise<AerospikeSession> => {
  const { seedHosts, keyspace, keySet } = config;
  const isVersioned = guarantee === 'EFFECTIVELY_ONCE';
  const connected = await connectAerospike(config, signal);
  return new AerospikeSession({
    ...connected,
    config,
    toWrite: writes(connected.driver, config, isVersioned),
    isVersioned,
    target: `Aerospike namespace ${keyspace}${keySet ? `, set ${keySet}` : ''} at ${seedHosts}`,
  });
};
