import type { OpenContext } from '../../core/connector-type.ts';
import { KafkaClient } from './client.ts';
import { KafkaLog } from './log.ts';
import { accessOf } from './security-keys.ts';
import { isolationOf, type KafkaSourceConfig } from './source-config.ts';

/** Connects to the cluster; throws `PIO_SOURCE_MISCONFIGURED` and `PIO_SOURCE_UNAVAILABLE`. */
export const openKafkaSource = async (config: KafkaSourceConfig, context: OpenContext): Promise<KafkaLog> => {
  const { consumerConfigProperties = {}, topic, autoOffsetReset, fetchMinBytes, copyHeadersEnabled } = config;
  return new KafkaLog({
    client: await KafkaClient.open(accessOf(config, consumerConfigProperties), 'source', context.signal),
    context,
    topic,
    reset: autoOffsetReset,
    isCommittedOnly: isolationOf(config) === 'read_committed',
    minBytes: fetchMinBytes,
    copiesHeaders: copyHeadersEnabled,
  });
};
