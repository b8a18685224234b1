import { defineSink, type OpenContext, type OpenSink } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { type CassandraConfig, cassandraConfig, checkCassandra } from './config.ts';
import { connect } from './connect.ts';
import { mapping } from './mapping.ts';
import { CassandraSession } from './session.ts';
import { isKeyedByText, misconfigured, namesOf, readColumns, tableProblem } from './table.ts';

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
  open: (config, context) => openCassandra(config, context),
});

const openCassandra = async (config: CassandraConfig, { guarantee, signal }: OpenContext): Promise<OpenSink> => {
  const client = await connect(config, signal);
  try {
    const names = namesOf(config);
    const columns = await readColumns(client, names);
    const problem = tableProblem(columns, names, config, guarantee);
    if (problem !== undefined) throw misconfigured(names, problem);
    return new CassandraSession({
      client,
      names,
      toWrite: mapping(names, config, isKeyedByText(columns, names)),
      problem: async () => tableProblem(await readColumns(client, names), names, config, guarantee),
      concurrency: config.concurrency,
    });
  } catch (error) {
    await client.shutdown();
    throw error;
  }
};
