import { defineSink } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { cassandraConfig, checkCassandra } from './config.ts';

/**
 * Writes key and payload of each message to two text columns of a Cassandra table, or the fields of JSON objects to its columns (`mapFields`). Every write has the
 * record's version as its timestamp, under each guarantee, so a repeated write has no effect: EFFECTIVELY_ONCE rests on that. It needs tables that only this
 * connector writes to and keys that come from one topic-partition. Counters are refused; lists only when frozen. Deletes are safe from replays for the table's
 * gc_grace_seconds.
 */
export const cassandraSink = defineSink<typeof cassandraConfig>({
  name: 'cassandra',
  summary: 'Writes data into Cassandra',
  className: 'org.apache.pulsar.io.cassandra.CassandraStringSink',
  configClassName: 'org.apache.pulsar.io.cassandra.CassandraSinkConfig',
  guarantees: GUARANTEES,
  route: 'versioned',
  accepts: 'text',
  config: cassandraConfig,
  check: checkCassandra,
  open: async (config, context) => (await import('./open.ts')).openCassandra(config, context),
});
