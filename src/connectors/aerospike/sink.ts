import { defineSink } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { aerospikeConfig, checkAerospike, formOf } from './config.ts';

/**
 * Stores each message's payload in a bin of the record that its key names, or the fields of a JSON object in bins of their own; a message without payload deletes the record. Under
 * EFFECTIVELY_ONCE a record has its message's version, a write the filter that no newer one is there, and a deletion leaves its version: a repeated or late write has no effect.
 * It needs keys that come from one topic-partition.
 */
export const aerospikeSink = defineSink<typeof aerospikeConfig>({
  name: 'aerospike',
  summary: 'Aerospike database sink',
  className: 'org.apache.pulsar.io.aerospike.AerospikeStringSink',
  guarantees: GUARANTEES,
  route: 'versioned',
  accepts: 'text',
  acceptsFor: formOf,
  config: aerospikeConfig,
  check: checkAerospike,
  open: async (config, context) => (await import('./open.ts')).openAerospike(config, context),
});
